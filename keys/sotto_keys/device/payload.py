"""What an application message says, once decrypted. The relay has no name for it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from sotto_wire.claims import Bytes32, Count, Time
from sotto_wire.limits import NAME_CHARACTERS, SHARED_BYTES, SHARED_MESSAGES, TEXT_CHARACTERS


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


class Line(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One earlier message as the customer's device shows it: what it says was said, and no proof of it."""

    whose: Literal["customer", "person", "assistant"]
    name: Annotated[str, Meta(max_length=NAME_CHARACTERS)]
    """Of whoever wrote it; empty for the customer."""
    text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARACTERS)]
    at: Time


class Earlier(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What is inside the blob of `Shared`, oldest first."""

    left_out: Count
    """Older messages that did not fit."""
    lines: Annotated[list[Line], Meta(min_length=1, max_length=SHARED_MESSAGES)]


class Shared(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="shared"):
    """Earlier messages that the customer shares with one newcomer, who alone can open them, and in this epoch only."""

    device: Bytes32
    """The newcomer's."""
    kem_output: Bytes32
    sealed_key: Annotated[bytes, Meta(min_length=48, max_length=48)]
    """A random key of 32 bytes, sealed by HPKE to the newcomer's leaf."""
    blob: Annotated[bytes, Meta(min_length=17, max_length=SHARED_BYTES + 16)]
    """`Earlier`, sealed with that key."""


class Payload(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One application message (docs/protocol.md 3.3)."""

    number: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    """The sender's own counter, from 1; the same number stands in the frame that carries it."""
    last_shown: Bytes32 | None
    """SHA-256 of the last message that the sender had on screen."""
    checkpoint: None
    """Room for the newest signed checkpoint of the log."""
    body: Text | Again | Shared
