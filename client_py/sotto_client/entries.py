"""What a conversation shows, in order: messages, who came and went, gaps, the end. As values that are stored as they are."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Message(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="message"):
    """Words of one member."""

    id: str
    is_mine: bool
    sender: bytes
    """Device key of the sender."""
    name: str
    """As the sender's credential says; empty for the customer and for oneself."""
    text: str
    at: int
    """When the relay took it, or when it was written here; Unix milliseconds."""
    standing: Literal["sending", "sent", "not_sent"]
    seq: int
    """Place in the relay's order, 0 until known."""
    number: int = 0
    """The sender's own number of it, 0 until known."""


class Coming(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="joined"):
    """Somebody was let in and can read from here on."""

    device: bytes
    name: str
    at: int
    seq: int


class Going(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="left"):
    """Somebody was removed and reads nothing from here on."""

    device: bytes
    name: str
    at: int
    seq: int


class Gap(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="gap"):
    """A message is missing or cannot be read."""

    at: int
    seq: int


class Reconnected(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="reconnected"):
    """The conversation went on in its next group: with new keys, because a device had lost or could not follow the old ones."""

    at: int


class Closed(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="closed"):
    """The conversation ended."""

    at: int


Entry = Message | Coming | Going | Gap | Reconnected | Closed
