"""The names of things, as types. A bare `str` or `bytes` never stands for one of them."""

from __future__ import annotations

from typing import Final, NewType

ConversationId = NewType("ConversationId", bytes)
"""16 random bytes, chosen by the customer's device."""

DeviceKey = NewType("DeviceKey", bytes)
"""32 bytes: the Ed25519 public key of a device. It is the device's name: a new key is a new device."""

Digest = NewType("Digest", bytes)
"""32 bytes: SHA-256 of published bytes."""

SiteId = NewType("SiteId", str)
DeskId = NewType("DeskId", str)
CredentialId = NewType("CredentialId", str)
AgentId = NewType("AgentId", str)

Millis = NewType("Millis", int)
"""Unix time in whole milliseconds."""

CONVERSATION_ID_BYTES: Final = 16
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
GROUP_ID_BYTES: Final = 20


def group_id(conversation: ConversationId, number: int) -> bytes:
    """The MLS group id: conversation id ‖ number of the group in its chain (four bytes, big-endian, from 1)."""
    return conversation + number.to_bytes(4, "big")
