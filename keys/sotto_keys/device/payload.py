"""What an application message says, once decrypted. The relay has no name for it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from sotto_wire.claims import Bytes32, Time
from sotto_wire.limits import TEXT_CHARACTERS


class Text(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="text"):
    """Words of a person."""

    text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARACTERS)]
    written_at: Time


class Again(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="again"):
    """Words that were sent in an earlier group of the conversation and may not have been read there. Who has read them drops these."""

    device: Bytes32
    """Who sent them then: the sender, or the customer of an earlier group."""
    number: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    """The number they had then."""
    text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARACTERS)]
    written_at: Time


class Payload(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One application message (docs/protocol.md 3.3)."""

    number: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    """The sender's own counter, from 1; the same number stands in the frame that carries it."""
    last_shown: Bytes32 | None
    """SHA-256 of the last message that the sender had on screen."""
    checkpoint: None
    """Room for the newest signed checkpoint of the log."""
    body: Text | Again
