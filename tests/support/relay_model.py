"""A small model of the relay: what anybody may expect of conversations, their order, their cursors and their stages.

Nothing here is taken from the relay's own rules; where the two disagree, one of them is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sotto_wire.limits import IDLE_CLOSE_MS

if TYPE_CHECKING:
    from tests.support.relay_world import CustomerDevice

    from sotto_wire.frames import Commit

CUSTOMER: Final = "customer"
WAITING, PROPOSED, ACTIVE, CLOSED = "waiting", "proposed", "active", "closed"


@dataclass(frozen=True)
class Entry:
    """One place in the order. A welcome has one reader."""

    kind: str
    sender: str
    number: int = 0
    reader: str | None = None


@dataclass
class Stay:
    """A device in a conversation: what it is delivered, how far it has acknowledged, and the places of what it sent."""

    since: int = 0
    acked: int = 0
    until: int | None = None
    is_revoked: bool = False
    sent: list[int] = field(default_factory=list)

    @property
    def may_speak(self) -> bool:
        return self.until is None and not self.is_revoked


@dataclass
class Talk:
    """One conversation as it should be."""

    customer: CustomerDevice
    active_at: int
    stage: str = WAITING
    epoch: int = 0
    log: list[Entry] = field(default_factory=list)
    stays: dict[str, Stay] = field(default_factory=lambda: {CUSTOMER: Stay()})
    proposed: str | None = None
    last: Commit | None = None
    """The last commit that won, and its place."""
    last_seq: int = 0

    @property
    def is_delivered(self) -> bool:
        """Whether nobody is owed anything: a sleeping phone keeps its conversation open."""
        owed = (each for each in self.stays.values() if not each.is_revoked)
        return all(each.acked >= (self.head if each.until is None else each.until) for each in owed)

    @property
    def head(self) -> int:
        return len(self.log)

    def speaker(self, who: str) -> Stay | None:
        stay = self.stays.get(who)
        return stay if stay is not None and stay.may_speak else None

    def post(self, who: str, *, number: int, epoch: int, now: int) -> int | str:
        """The place it gets, or the code it is refused with."""
        stay = self.speaker(who)
        if stay is None:
            return "not_found"
        if stay.sent and number == len(stay.sent):
            return stay.sent[-1]
        if self.stage == CLOSED:
            return "wrong_stage"
        if epoch != self.epoch:
            return "stale_epoch"
        if number != len(stay.sent) + 1:
            return "out_of_order"
        self.log.append(Entry("message", who, number))
        stay.sent.append(self.head)
        self.active_at = now
        return self.head

    def acknowledge(self, who: str, seq: int) -> str | None:
        stay = self.stays.get(who)
        if stay is None or stay.is_revoked:
            return "not_found"
        if seq > (self.head if stay.until is None else stay.until):
            return "out_of_order"
        stay.acked = max(stay.acked, seq)
        return None

    def take(self, agent: str, *, is_revoked: bool) -> str:
        if is_revoked:
            return "no_credential"
        if self.proposed == agent:
            return "taken"
        if self.stage != WAITING:
            return "wrong_stage"
        self.stage, self.proposed = PROPOSED, agent
        return "taken"

    def committed(self, frame: Commit, *, now: int, added: str | None = None, removed: str | None = None) -> int | str:
        """A lawful commit of the customer for the current epoch."""
        if self.stage == CLOSED:
            return "wrong_stage"
        self.log.append(Entry("commit", CUSTOMER))
        seq = self.head
        if removed is not None:
            self.stays[removed].until = seq
        if added is not None:
            self.log.append(Entry("welcome", CUSTOMER, reader=added))
            before = self.stays.get(added)
            self.stays[added] = Stay(since=seq, acked=seq, sent=[] if before is None else before.sent)
            self.stage, self.proposed = ACTIVE, None
        self.epoch, self.active_at, self.last, self.last_seq = self.epoch + 1, now, frame, seq
        self._without_agents()
        return seq

    def revoke(self, agent: str) -> None:
        if agent in self.stays:
            self.stays[agent].is_revoked = True
        if self.proposed == agent and self.stage == PROPOSED:
            self.stage, self.proposed = WAITING, None
        self._without_agents()

    def close(self, who: str, *, now: int) -> str:
        if self.speaker(who) is None:
            return "not_found"
        if self.stage != CLOSED:
            self.end(now=now)
        return "done"

    def end(self, *, now: int) -> None:
        self.stage, self.proposed, self.active_at = CLOSED, None, now

    def sweep(self, *, now: int) -> None:
        if self.stage != CLOSED and now - self.active_at >= IDLE_CLOSE_MS and self.is_delivered:
            self.end(now=now)

    def owed(self, who: str, *, after: int | None = None) -> list[tuple[int, str, int]]:
        """What a device that comes back at its cursor must get: once each, in order, nothing else."""
        stay = self.stays.get(who)
        if stay is None or stay.is_revoked:
            return []
        until = self.head if stay.until is None else stay.until
        cursor = stay.acked if after is None else after
        return [
            (seq, each.kind, each.number)
            for seq, each in enumerate(self.log, start=1)
            if max(stay.since, cursor) < seq <= until and each.reader in {None, who}
        ]

    def _without_agents(self) -> None:
        if self.stage == ACTIVE and not [name for name in self.stays if name != CUSTOMER and self.speaker(name)]:
            self.stage = WAITING
