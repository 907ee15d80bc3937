"""Sending and reading application messages: PrivateMessages, padded, with empty authenticated data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sotto_keys.device.mls.private_messages import protect_private, unprotect_private
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.signing import sign_content
from sotto_keys.shared.mls.framing import PRIVATE_MESSAGE, FramedContent, Sender, SenderType
from sotto_keys.shared.mls.private_message import parse_application_message

if TYPE_CHECKING:
    from sotto_keys.device.mls.hpke import Entropy
    from sotto_keys.device.mls.member import Member


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that was read."""

    sender: int
    """Leaf number, in the epoch of the message."""
    epoch: int
    content: SecretBytes


def encrypt(member: Member, content: bytes, *, entropy: Entropy) -> tuple[Member, bytes]:
    """Seal `content` in the current epoch: the member that has used up the key, and the MLSMessage.

    Store the member before the message leaves, or a crash makes it use the key again.
    """
    context = member.group.context
    sender = Sender(SenderType.MEMBER, member.own_leaf)
    framed = FramedContent(member.group_id, member.epoch, sender, b"", content)
    signed = sign_content(member.signing_key, framed, wire_format=PRIVATE_MESSAGE, context=context)
    message, tree = protect_private(member.message_keys(), signed, entropy=entropy)
    return replace(member, tree=tree), message.to_message()


def decrypt(member: Member, message: bytes) -> tuple[Member, Opened]:
    """Read an application message of this epoch or the one before: the member that has used up the key, and the content.

    Refuses with `Malformed`, `Forked` (an epoch that we no longer or not yet know), `Unreadable`, `Replayed`,
    `Inconsistent` or `BadSignature`; `member` is then still the one to use. One's own messages are `Replayed`.
    """
    parsed = parse_application_message(message)
    is_past = member.past is not None and parsed.epoch == member.past.context.epoch
    keys = member.past if is_past and member.past is not None else member.message_keys()
    authenticated, tree = unprotect_private(keys, parsed)
    framed = authenticated.framed
    assert isinstance(framed.content, bytes), "an application message holds bytes"
    opened = Opened(framed.sender.index, framed.epoch, SecretBytes(framed.content))
    if keys is member.past:
        return replace(member, past=replace(member.past, tree=tree)), opened
    return replace(member, tree=tree), opened
