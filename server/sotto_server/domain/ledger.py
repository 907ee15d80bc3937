"""What the relay keeps about commits and decisions: one winner an epoch, and the ledger that receipts point into."""

from __future__ import annotations

from typing import Literal

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
    """A decision as the customer signed it, and the receipt given for it."""

    index: int
    kind: Literal["opening", "admission"]
    conversation: ConversationId
    digest: Digest
    decision: bytes
    """The compact signed form."""
    receipt: bytes
    recorded_at: Millis
