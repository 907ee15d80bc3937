"""One conversation as this device holds it: an immutable value. What changes it is in `receiving`, `outbox` and `own_commits`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from sotto_client.entries import Message
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.sweep import Reader, readers
from sotto_keys.shared.words import conversation_words
from sotto_wire.claims import Bytes32, Count, Time
from sotto_wire.ids import ConversationId, DeviceKey, Millis
from sotto_wire.limits import CONVERSATION_LIFE_MS
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.entries import Entry
    from sotto_keys.device.mls.committing import PendingCommit
    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.mls.group_memory import GroupMemory
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_keys.shared.untrusted import Untrusted
    from sotto_wire.claims import GroupTerms, Signed
    from sotto_wire.refusals import Refused

FIRST_GROUP = 1


class Waiting(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A message that the relay has not confirmed: kept as text, sealed for one epoch at a time."""

    id: str
    text: str
    written_at: Time
    number: Count
    """0 until it is sealed for the first time."""
    epoch: Count
    message: bytes | None
    """MLSMessage for `epoch`; none until it is sealed, and after `stale_epoch`."""
    is_stale: bool
    """The relay refused it in its epoch: it waits for the next one."""


class Counter(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The last message number seen from a device."""

    device: Bytes32
    number: Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class Situation:
    """Who we are and what we believe while something happens. `now` is the relay's clock as far as we know it, in ms."""

    me: DeviceKey
    trust: TrustState
    now: Millis
    entropy: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Member, gate memory, cursor, numbers, outbox, pending commit and what was shown."""

    id: ConversationId
    member: Member
    memory: GroupMemory
    opened_at: Millis
    closes_at: Millis
    group: int = FIRST_GROUP
    stage: Stage = Stage.WAITING
    cursor: int = 0
    """The last sequence number that was processed."""
    number: int = 0
    """The last message number that the relay took from this device."""
    delivered: int = 0
    """Every other member has acknowledged up to here."""
    is_old: bool = False
    """The relay took more from us than we remember: an empty path comes before anything is encrypted."""
    broken: str | None = None
    """Code of why this device takes no further part, or none."""
    admission: Signed | None = None
    """The decision under which we were let in, as the customer signed it: an Add of ours carries it. None at the customer's."""
    pending: PendingCommit | None = None
    outbox: tuple[Waiting, ...] = ()
    counters: tuple[Counter, ...] = ()
    entries: tuple[Entry, ...] = ()
    unanswered: tuple[str, ...] = ()
    """Messages of our own that a revoked agent, the last one here, never answered: ask before sending them again."""
    shown: int = 0
    """How many of `entries` the program has been given."""

    @property
    def terms(self) -> GroupTerms:
        """The group's terms now."""
        return read_terms(self.member.group.extensions)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages among the entries."""
        return tuple(each for each in self.entries if isinstance(each, Message))

    @property
    def words(self) -> tuple[str, ...]:
        """Six words that every member of this epoch sees, to be compared by voice."""
        return conversation_words(self.member.epoch_authenticator)

    @property
    def is_closed(self) -> bool:
        """Nothing more is accepted."""
        return self.stage is Stage.CLOSED

    def readers(self, trust: TrustState, *, at: Millis) -> tuple[Reader, ...]:
        """Who can read now, each judged at `at`."""
        return readers(self.member.group, trust, customer_key=self.terms.customer_key, at=at)

    def reader(self, device: bytes, trust: TrustState) -> Reader | None:
        """Who this device is in the group now."""
        at = Millis(self.memory.committed_at)
        return next((each for each in self.readers(trust, at=at) if each.device == device), None)

    def name_of(self, device: bytes, trust: TrustState) -> str:
        """The name in its credential; empty for the customer and for strangers."""
        reader = self.reader(device, trust)
        return "" if reader is None or reader.credential is None else reader.credential.name

    def void_leaves(self, trust: TrustState, *, at: Millis) -> tuple[int, ...]:
        """Leaf numbers of those the organisation does not, or no longer, stand by: nothing is encrypted for them."""
        return tuple(each.index for each in self.readers(trust, at=at) if not each.in_force)

    def with_entry(self, *entries: Entry) -> Conversation:
        return replace(self, entries=(*self.entries, *entries))

    def broken_by(self, error: Refused | Untrusted) -> Conversation:
        """It can take no further part: it says so and sends nothing."""
        return replace(self, broken=str(error.code), pending=None)


def begun(conversation: ConversationId, member: Member, *, memory: GroupMemory, now: Millis) -> Conversation:
    """A conversation in which nothing has happened."""
    return Conversation(
        id=conversation,
        member=member,
        memory=memory,
        opened_at=now,
        closes_at=Millis(now + CONVERSATION_LIFE_MS),
    )
