"""Sealing and opening PrivateMessages (RFC 9420 §6.3) with the keys of one epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from sotto_keys.device.mls.aead import KEY_BYTES, NONCE_BYTES, MessageKey
from sotto_keys.device.mls.kdf import expand_with_label
from sotto_keys.device.mls.secret_tree import SecretTree, Use
from sotto_keys.shared.mls.codec import Reader, read_whole, uint32
from sotto_keys.shared.mls.crypto_labels import HASH_BYTES
from sotto_keys.shared.mls.framing import (
    PRIVATE_MESSAGE,
    AuthenticatedContent,
    ContentType,
    FramedContent,
    Sender,
    SenderType,
    content_type_of,
    encode_content,
    read_content,
)
from sotto_keys.shared.mls.private_message import PrivateMessage
from sotto_keys.shared.untrusted import Forked, Inconsistent, Malformed, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.device.mls.hpke import Entropy
    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_keys.shared.mls.group_context import GroupContext

PADDING_STEP: Final = 256
"""Bytes. Lengths show in steps only; what is sealed inside is a whole number of them."""

GUARD_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class SenderData:
    """Who sealed a message, and with which key of theirs."""

    leaf: int
    generation: int
    guard: bytes

    def encode(self) -> bytes:
        """`SenderData`."""
        return uint32(self.leaf) + uint32(self.generation) + self.guard

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`SenderData`."""
        return cls(reader.uint32(), reader.uint32(), reader.take(GUARD_BYTES))


@dataclass(frozen=True, slots=True)
class MessageKeys:
    """What it takes to seal or open the private messages of one epoch."""

    context: GroupContext
    signature_keys: Mapping[int, bytes]
    """Leaf number to signature key."""
    sender_data: SecretBytes
    tree: SecretTree


def sender_data_key(secret: SecretBytes, ciphertext: bytes) -> MessageKey:
    """Key and nonce for the sender data, from a sample of the ciphertext (§6.3.2)."""
    sample = ciphertext[:HASH_BYTES]
    key = expand_with_label(secret, "key", context=sample, length=KEY_BYTES)
    return MessageKey(key, expand_with_label(secret, "nonce", context=sample, length=NONCE_BYTES))


def _use(kind: ContentType) -> Use:
    return Use.APPLICATION if kind is ContentType.APPLICATION else Use.HANDSHAKE


def protect_private(
    keys: MessageKeys, authenticated: AuthenticatedContent, *, entropy: Entropy
) -> tuple[PrivateMessage, SecretTree]:
    """Seal a member's content; returns the secret tree that no longer has its key. Keep that before sending."""
    framed = authenticated.framed
    kind = content_type_of(framed.content)
    generation, key, tree = keys.tree.next_key(framed.sender.index, _use(kind))
    sender = SenderData(framed.sender.index, generation, entropy(GUARD_BYTES))
    bare = PrivateMessage(framed.group_id, framed.epoch, kind, framed.authenticated_data, b"", b"")
    content = encode_content(framed.content) + authenticated.encode_auth()
    padded = content + bytes(-len(content) % PADDING_STEP)
    sealed = key.guarded(sender.guard).seal(padded, aad=bare.content_aad())
    sealed_sender = sender_data_key(keys.sender_data, sealed).seal(sender.encode(), aad=bare.header())
    message = PrivateMessage(bare.group_id, bare.epoch, kind, bare.authenticated_data, sealed_sender, sealed)
    return message, tree


def unprotect_private(keys: MessageKeys, message: PrivateMessage) -> tuple[AuthenticatedContent, SecretTree]:
    """Open a message, check its signature, and return it with the secret tree that no longer has its key.

    Refuses with `Forked` (another group or epoch), `Unreadable`, `Malformed`, `Replayed`, `Inconsistent` or
    `BadSignature`; the tree of `keys` is then still the one to use.
    """
    if (message.group_id, message.epoch) != (keys.context.group_id, keys.context.epoch):
        raise Forked("a message of another group or epoch")
    if len(message.ciphertext) < HASH_BYTES:
        raise Unreadable("too short for a sealed message")
    opened = sender_data_key(keys.sender_data, message.ciphertext).open(message.sealed_sender, aad=message.header())
    sender = read_whole(opened, SenderData.read)
    signature_key = keys.signature_keys.get(sender.leaf)
    if signature_key is None:
        raise Inconsistent("a message of nobody")
    key, tree = keys.tree.key_at(sender.leaf, _use(message.content_type), generation=sender.generation)
    content = key.guarded(sender.guard).open(message.ciphertext, aad=message.content_aad())
    authenticated = _read_content(content, message, leaf=sender.leaf)
    authenticated.verify(signature_key=signature_key, context=keys.context)
    return authenticated, tree


def _read_content(content: bytes, message: PrivateMessage, *, leaf: int) -> AuthenticatedContent:
    """`PrivateMessageContent`, whose padding is all zero."""
    reader = Reader(content)
    inner = read_content(reader, message.content_type)
    sender = Sender(SenderType.MEMBER, leaf)
    framed = FramedContent(message.group_id, message.epoch, sender, message.authenticated_data, inner)
    authenticated = AuthenticatedContent(PRIVATE_MESSAGE, framed, b"", None).with_auth(reader)
    if any(reader.rest()):
        raise Malformed("padding that says something")
    return authenticated
