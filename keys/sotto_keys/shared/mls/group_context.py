"""The group context and the GroupInfo that publishes it (RFC 9420 §8.1, §12.4.3). Nothing secret: the tag is public."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

from sotto_keys.shared.mls.codec import Reader, opaque, read_whole, uint16, uint32, uint64
from sotto_keys.shared.mls.crypto_labels import CIPHER_SUITE, GROUP_INFO_TBS, verify_with_label
from sotto_keys.shared.mls.extensions import Extensions, encode_extensions, read_extensions
from sotto_keys.shared.mls.leaf_node import MLS10
from sotto_keys.shared.untrusted import Malformed

WIRE_FORMAT: Final = 4
"""`mls_group_info` in an MLSMessage."""


@dataclass(frozen=True, slots=True)
class GroupContext:
    """What all members agree on in one epoch."""

    cipher_suite: int
    group_id: bytes
    epoch: int
    tree_hash: bytes
    confirmed_transcript_hash: bytes
    extensions: Extensions

    def encode(self) -> bytes:
        """`GroupContext`."""
        head = uint16(MLS10) + uint16(self.cipher_suite) + opaque(self.group_id) + uint64(self.epoch)
        hashes = opaque(self.tree_hash) + opaque(self.confirmed_transcript_hash)
        return head + hashes + encode_extensions(self.extensions)

    def next_epoch(self, *, tree_hash: bytes, extensions: Extensions) -> GroupContext:
        """The provisional context of §12.4.1: everything new but the confirmed transcript hash."""
        return replace(self, epoch=self.epoch + 1, tree_hash=tree_hash, extensions=extensions)

    def confirmed_by(self, confirmed_transcript_hash: bytes) -> GroupContext:
        """The provisional context with the commit's own transcript hash."""
        return replace(self, confirmed_transcript_hash=confirmed_transcript_hash)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`GroupContext` of MLS 1.0, of any suite."""
        if reader.uint16() != MLS10:
            raise Malformed("a group of another version")
        head = reader.uint16(), reader.opaque(), reader.uint64()
        return cls(*head, reader.opaque(), reader.opaque(), read_extensions(reader))


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A member's signed statement of the group's state."""

    context: GroupContext
    extensions: Extensions
    confirmation_tag: bytes
    signer: int
    """Leaf number."""
    signature: bytes

    def to_be_signed(self) -> bytes:
        """`GroupInfoTBS`."""
        head = self.context.encode() + encode_extensions(self.extensions)
        return head + opaque(self.confirmation_tag) + uint32(self.signer)

    def encode(self) -> bytes:
        """`GroupInfo`."""
        return self.to_be_signed() + opaque(self.signature)

    def to_message(self) -> bytes:
        """The MLSMessage that carries it."""
        return uint16(MLS10) + uint16(WIRE_FORMAT) + self.encode()

    def with_signature(self, signature: bytes) -> GroupInfo:
        """The same statement, signed."""
        return replace(self, signature=signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`GroupInfo`."""
        context = GroupContext.read(reader)
        return cls(context, read_extensions(reader), reader.opaque(), reader.uint32(), reader.opaque())


def read_group_info_message(reader: Reader) -> GroupInfo:
    """MLSMessage with a GroupInfo."""
    if (reader.uint16(), reader.uint16()) != (MLS10, WIRE_FORMAT):
        raise Malformed("not an MLSMessage with a GroupInfo")
    return GroupInfo.read(reader)


def parse_group_info(message: bytes) -> GroupInfo:
    """A GroupInfo of our suite out of its MLSMessage, unverified; refuses with `Malformed`."""
    info = read_whole(message, read_group_info_message)
    if info.context.cipher_suite != CIPHER_SUITE:
        raise Malformed("a group of another suite")
    return info


def verify_group_info(info: GroupInfo, *, signer_key: bytes) -> None:
    """Check its signature with the key of the leaf that it names; `BadSignature`."""
    verify_with_label(signer_key, GROUP_INFO_TBS, content=info.to_be_signed(), signature=info.signature)
