"""What the relay keeps about commits and decisions: one winner an epoch, and the ledger that receipts point into."""

from __future__ import annotations

from msgspec import Struct

from sotto_wire.ids import ConversationId, DeviceKey, Digest, Millis


class Change(Struct, frozen=True):
    """The commit that won an epoch. T21: the store lets one row exist for (conversation, group, epoch)."""

    conversation: int
    group: int
    epoch: int
    device: DeviceKey
    digest: Digest
    """SHA-256 of the commit: the same commit again gets the same answer."""
    seq: int
    receipt: bytes | None


class GroupState(Struct, frozen=True):
    """The public side of a conversation's group, and what the commit gate remembers beside it. No secret is in either."""

    conversation: int
    group: int
    public: bytes
    memory: bytes


class LedgerEntry(Struct, frozen=True):
    """One thing that happened to a decision: what the customer signed, or what the relay states."""

    index: int
    event: str
    """`open` for a start decision, which nobody asked for; else one of `sotto_wire.questions.Event`."""
    conversation: ConversationId
    subject: Digest
    """The request it is about, or the start decision. All entries of one subject are its history."""
    digest: Digest
    signed: bytes
    """The compact signed form of the customer's statement, or the envelope of the relay's."""
    receipt: bytes | None
    recorded_at: Millis
