"""Framed and public messages (RFC 9420 §6, §6.2). Signatures are checked here; membership tags are not: they need a secret."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Self, assert_never

from sotto_keys.shared.mls.codec import Reader, opaque, uint8, uint16, uint32, uint64
from sotto_keys.shared.mls.commit import Commit
from sotto_keys.shared.mls.crypto_labels import FRAMED_CONTENT_TBS, PROPOSAL_REF, ref_hash, verify_with_label
from sotto_keys.shared.mls.leaf_node import MLS10
from sotto_keys.shared.mls.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    Update,
    encode_proposal,
    read_proposal,
)
from sotto_keys.shared.untrusted import Malformed

if TYPE_CHECKING:
    from sotto_keys.shared.mls.group_context import GroupContext

PUBLIC_MESSAGE: Final = 1
PRIVATE_MESSAGE: Final = 2


class ContentType(IntEnum):
    """What a frame holds."""

    APPLICATION = 1
    PROPOSAL = 2
    COMMIT = 3


class SenderType(IntEnum):
    """Who speaks. Sotto accepts members only."""

    MEMBER = 1
    EXTERNAL = 2
    NEW_MEMBER_PROPOSAL = 3
    NEW_MEMBER_COMMIT = 4


INDEXED_SENDERS: Final = frozenset({SenderType.MEMBER, SenderType.EXTERNAL})
SENDERS_BOUND_TO_CONTEXT: Final = frozenset({SenderType.MEMBER, SenderType.NEW_MEMBER_COMMIT})


@dataclass(frozen=True, slots=True)
class Sender:
    """A member's leaf number, or another kind of sender."""

    kind: SenderType
    index: int = 0
    """Leaf number of a member, place in `external_senders` of an external sender, else 0."""

    def encode(self) -> bytes:
        """`Sender`."""
        return uint8(self.kind) + (uint32(self.index) if self.kind in INDEXED_SENDERS else b"")

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`Sender`."""
        number = reader.uint8()
        if number not in set(SenderType):
            raise Malformed("a sender of unknown kind")
        kind = SenderType(number)
        return cls(kind, reader.uint32() if kind in INDEXED_SENDERS else 0)


Content = bytes | Proposal | Commit
"""Application data, a proposal or a commit."""


def content_type_of(content: Content) -> ContentType:
    """What `content` is."""
    match content:
        case bytes():
            return ContentType.APPLICATION
        case Commit():
            return ContentType.COMMIT
        case Add() | Update() | Remove() | PreSharedKey() | ReInit() | ExternalInit() | GroupContextExtensions():
            return ContentType.PROPOSAL
        case _:
            assert_never(content)


def encode_content(content: Content) -> bytes:
    """The selected arm of `FramedContent`."""
    if isinstance(content, bytes):
        return opaque(content)
    return content.encode() if isinstance(content, Commit) else encode_proposal(content)


def read_content_type(reader: Reader) -> ContentType:
    """`ContentType`."""
    number = reader.uint8()
    if number not in set(ContentType):
        raise Malformed("content of unknown type")
    return ContentType(number)


def read_content(reader: Reader, kind: ContentType) -> Content:
    """The arm of `FramedContent` for this type."""
    match kind:
        case ContentType.APPLICATION:
            return reader.opaque()
        case ContentType.PROPOSAL:
            return read_proposal(reader)
        case ContentType.COMMIT:
            return Commit.read(reader)
        case _:
            assert_never(kind)


@dataclass(frozen=True, slots=True)
class FramedContent:
    """Content with its place: group, epoch, sender."""

    group_id: bytes
    epoch: int
    sender: Sender
    authenticated_data: bytes
    content: Content

    def encode(self) -> bytes:
        """`FramedContent`."""
        head = opaque(self.group_id) + uint64(self.epoch) + self.sender.encode() + opaque(self.authenticated_data)
        return head + uint8(content_type_of(self.content)) + encode_content(self.content)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`FramedContent`."""
        head = reader.opaque(), reader.uint64(), Sender.read(reader), reader.opaque()
        return cls(*head, read_content(reader, read_content_type(reader)))


@dataclass(frozen=True, slots=True)
class AuthenticatedContent:
    """Framed content with its signature and, for a commit, its confirmation tag."""

    wire_format: int
    framed: FramedContent
    signature: bytes
    confirmation_tag: bytes | None
    """For a commit, else none."""

    def encode_auth(self) -> bytes:
        """`FramedContentAuthData`."""
        return opaque(self.signature) + (b"" if self.confirmation_tag is None else opaque(self.confirmation_tag))

    def encode(self) -> bytes:
        """`AuthenticatedContent`."""
        return uint16(self.wire_format) + self.framed.encode() + self.encode_auth()

    def proposal_reference(self) -> bytes:
        """`ProposalRef` of a proposal (§5.2), 32 bytes."""
        return ref_hash(PROPOSAL_REF, self.encode())

    def verify(self, *, signature_key: bytes, context: GroupContext) -> None:
        """Check the signature; `BadSignature`."""
        content = signed_content(self.wire_format, self.framed, context=context)
        verify_with_label(signature_key, FRAMED_CONTENT_TBS, content=content, signature=self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`AuthenticatedContent`."""
        return cls(reader.uint16(), FramedContent.read(reader), b"", None).with_auth(reader)

    def with_auth(self, reader: Reader) -> Self:
        """The same content with the `FramedContentAuthData` that comes next."""
        is_commit = isinstance(self.framed.content, Commit)
        return type(self)(self.wire_format, self.framed, reader.opaque(), reader.opaque() if is_commit else None)


def signed_content(wire_format: int, framed: FramedContent, *, context: GroupContext) -> bytes:
    """`FramedContentTBS`."""
    bound = context.encode() if framed.sender.kind in SENDERS_BOUND_TO_CONTEXT else b""
    return uint16(MLS10) + uint16(wire_format) + framed.encode() + bound


@dataclass(frozen=True, slots=True)
class PublicMessage:
    """A signed message in the clear, with the tag by which members know each other."""

    authenticated: AuthenticatedContent
    membership_tag: bytes | None
    """For a member, else none."""

    def encode(self) -> bytes:
        """`PublicMessage`."""
        tag = b"" if self.membership_tag is None else opaque(self.membership_tag)
        return self.authenticated.framed.encode() + self.authenticated.encode_auth() + tag

    def to_message(self) -> bytes:
        """The MLSMessage that carries it."""
        return uint16(MLS10) + uint16(PUBLIC_MESSAGE) + self.encode()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`PublicMessage`."""
        framed = FramedContent.read(reader)
        authenticated = AuthenticatedContent(PUBLIC_MESSAGE, framed, b"", None).with_auth(reader)
        return cls(authenticated, reader.opaque() if framed.sender.kind is SenderType.MEMBER else None)
