"""One conversation as this device holds it: an immutable value. What changes it is in `receiving`, `outbox` and `own_commits`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from sotto_client.entries import EarlierMessage, Message
from sotto_client.guests import ended_leaves
from sotto_keys.shared.credential import is_on_call
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
STUCK = "stuck"
"""`broken` of a device that cannot follow an allowed commit, or lost the state it would need: the next group mends it."""


class FirstSent(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The device that sent a message in an earlier group, and the number it had."""

    device: Bytes32
    number: Count


class Newcomer(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A device, and the place at which it came in: what was said before it cannot read."""

    device: Bytes32
    since: Count


class Waiting(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A message that the relay has not confirmed: kept as what it says, sealed for one epoch at a time."""

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
    first: FirstSent | None = None
    """Where it was sent before, in an earlier group: who has read it there shows it once."""
    shares: Newcomer | None = None
    """Instead of text: whom earlier messages are shared with. They are taken and sealed when it is sent."""


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
    goes_on_in: int = 0
    """The group that the relay says the conversation is in, where that is a later one than ours."""
    admission: Signed | None = None
    """The decision under which we were let in, as the customer signed it: an Add of ours carries it. None at the customer's."""
    pending: PendingCommit | None = None
    outbox: tuple[Waiting, ...] = ()
    counters: tuple[Counter, ...] = ()
    earlier: tuple[Counter, ...] = ()
    """The last message numbers read in the groups before: what is said again from up to there was read."""
    entries: tuple[Entry, ...] = ()
    unanswered: tuple[str, ...] = ()
    """Messages of our own that a revoked agent, the last one here, never answered: ask before sending them again."""
    withdrawn: tuple[bytes, ...] = ()
    """Digests of decisions that this customer withdrew."""
    answered: tuple[Newcomer, ...] = ()
    """About whom this customer has answered whether earlier messages are shared: asked once each."""
    shown: int = 0
    """How many of `entries` the program has been given."""

    @property
    def terms(self) -> GroupTerms:
        """The group's terms now."""
        return read_terms(self.member.group.extensions)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said: what the relay has numbered in its order, the same on every device; then what it has not yet."""
        said = (each for each in self.entries if isinstance(each, Message))
        return tuple(sorted(said, key=lambda each: (each.seq == 0, each.seq)))

    @property
    def earlier_messages(self) -> tuple[EarlierMessage, ...]:
        """What was said before this device came, where the customer shared it: what their device says, and no proof."""
        return tuple(each for each in self.entries if isinstance(each, EarlierMessage))

    @property
    def words(self) -> tuple[str, ...]:
        """Six words that every member of this epoch sees, to be compared by voice."""
        return conversation_words(self.member.epoch_authenticator)

    @property
    def is_left_behind(self) -> bool:
        """What is written waits: this device will be let into the conversation's next group."""
        return self.broken == STUCK or (self.broken is None and self.goes_on_in > self.group)

    @property
    def is_over(self) -> bool:
        """Nothing more can be said or read in it on this device."""
        return self.is_closed or self.broken not in (None, STUCK)

    @property
    def is_closed(self) -> bool:
        """Nothing more is accepted."""
        return self.stage is Stage.CLOSED

    def is_left_for(self, device: bytes) -> bool:
        """This device was let in because nobody was there, and nobody has answered yet."""
        known = self.memory.member(device)
        return known is not None and known.on_call == 1

    def others_on_call(self, device: bytes, trust: TrustState) -> tuple[int, ...]:
        """Leaves of the others on call, as far as this device can know them."""
        return tuple(
            each.index
            for each in self.readers(trust, at=Millis(self.memory.committed_at))
            if each.device != device and self._waits_on_call(each)
        )

    def _waits_on_call(self, reader: Reader) -> bool:
        known = self.memory.member(reader.device)
        if known is not None:
            return known.on_call == 1
        credential = reader.credential
        return not self.memory.is_whole and credential is not None and is_on_call(credential, self.terms.desk)

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
        """Leaf numbers of those the organisation does not stand by, or whose own decision is over: nothing is encrypted for them."""
        void = (each.index for each in self.readers(trust, at=at) if not each.in_force)
        return tuple(dict.fromkeys((*void, *ended_leaves(self, at=at))))

    def with_entry(self, *entries: Entry) -> Conversation:
        return replace(self, entries=(*self.entries, *entries))

    def stuck(self) -> Conversation:
        """It cannot follow the group from here: it sends nothing in it until the next group lets it go on."""
        return replace(self, broken=STUCK, pending=None)

    def broken_by(self, error: Refused | Untrusted) -> Conversation:
        """It can take no further part: it says so and sends nothing."""
        return replace(self, broken=str(error.code), pending=None)


def begun(
    conversation: ConversationId, member: Member, *, memory: GroupMemory, now: Millis, group: int
) -> Conversation:
    """A conversation in whose group nothing has happened."""
    return Conversation(
        group=group,
        id=conversation,
        member=member,
        memory=memory,
        opened_at=now,
        closes_at=Millis(now + CONVERSATION_LIFE_MS),
    )
