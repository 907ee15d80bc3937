"""Envelopes as they lie in the store, and the fixed header of an application message: all the relay ever reads of one."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from sotto_wire.frames import Envelope
from sotto_wire.ids import ConversationId, DeviceKey, Millis, group_id
from sotto_wire.refusals import BadFrame

_MLS10_PRIVATE: Final = b"\x00\x01\x00\x02"
_GROUP_ID_LENGTH: Final = b"\x14"
_APPLICATION_WITHOUT_AAD: Final = b"\x01\x00"
HEADER_BYTES: Final = 35


class StoredEnvelope(Struct, frozen=True, gc=False):
    """Ciphertext with its routing header."""

    conversation: int
    """The store's number of the conversation."""
    seq: int
    group: int
    epoch: int
    kind: Literal["message", "commit", "welcome"]
    sender: DeviceKey
    number: int
    posted_at: Millis
    expires_at: Millis
    recipient: DeviceKey | None
    """The newcomer a welcome is for; none: every member."""
    body: bytes

    def frame(self, conversation: ConversationId) -> Envelope:
        return Envelope(
            conversation=conversation,
            seq=self.seq,
            group=self.group,
            epoch=self.epoch,
            kind=self.kind,
            sender=self.sender,
            number=self.number,
            posted_at=self.posted_at,
            body=self.body,
        )


def check_message_header(message: bytes, conversation: ConversationId, *, group: int, epoch: int) -> None:
    """`BadFrame` unless it is an application PrivateMessage of this group and epoch with empty authenticated data.

    RFC 9420 §6.3: version, wire format, group id, epoch, content type, authenticated_data. Our group ids are 20 bytes, so
    the header is 35 bytes long and can be compared at once; a full parse costs as much as the whole way of a message.
    """
    expected = (
        _MLS10_PRIVATE
        + _GROUP_ID_LENGTH
        + group_id(conversation, group)
        + epoch.to_bytes(8, "big")
        + _APPLICATION_WITHOUT_AAD
    )
    if not message.startswith(expected) or len(message) == HEADER_BYTES:
        raise BadFrame("not an application message of this group and epoch")
