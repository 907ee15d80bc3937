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
    is_assistant: bool = False
    """Of a program, as its credential said then."""


class Shared(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="shared"):
    """The customer gave a newcomer what was said before it came. At the newcomer it stands first, with those messages after it."""

    id: str
    device: bytes
    """The newcomer's."""
    name: str
    count: int
    """How many messages; 0 at whoever cannot open them, and until they are sealed."""
    left_out: int
    """Older ones that did not fit."""
    at: int
    standing: Literal["sending", "sent", "not_sent"]
    seq: int


class EarlierMessage(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="earlier"):
    """Said before we came, as the customer's device tells it: shared by the customer, and no proof."""

    whose: Literal["customer", "person", "assistant"]
    name: str
    """Empty for the customer."""
    text: str
    at: int
    seq: int
    """Place of the message that brought it."""


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


Entry = Message | Shared | EarlierMessage | Coming | Going | Gap | Reconnected | Closed
