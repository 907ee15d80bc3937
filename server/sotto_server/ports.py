"""What the relay's middle needs from outside, as Protocols. Adapters implement them; use cases see nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from sotto_keys.shared.secret import SecretText
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.desk import Agent, Seat, SignIn, Site, SiteDesk, SiteOrigin
    from sotto_server.domain.directory import CredentialEntry, Device, KeyPackageEntry, Offer
    from sotto_server.domain.documents import IncidentEntry, PolicyEntry, RootEntry, TrustEntry
    from sotto_server.domain.handoff import Handoff
    from sotto_server.domain.holdings import Holdings
    from sotto_server.domain.ledger import Change, GroupState, LedgerEntry
    from sotto_server.domain.mailbox import StoredEnvelope
    from sotto_server.domain.policy_dates import Lapse
    from sotto_server.domain.question import Question
    from sotto_server.domain.rings import Rings
    from sotto_wire.ids import ConversationId, DeskId, DeviceKey, Millis
    from sotto_wire.stages import Stage

C_contra = TypeVar("C_contra", contravariant=True)
C = TypeVar("C")
R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")
V = TypeVar("V")


class Shelf(Protocol[V]):
    """One table of flat records. Within a transaction it shows what was put before."""

    def get(self, *key: object) -> V | None:
        """The record with this key, in the order of the record's key fields."""

    def put(self, record: V) -> None:
        """Insert, or replace the record with the same key."""

    def add(self, record: V) -> None:
        """Insert; where the key is taken the transaction fails (`StoreFault` for this job alone). An alarm, not a decision."""

    def remove(self, *key: object) -> None:
        """Remove it; nothing happens where there is none."""

    def find(self, **equals: object) -> list[V]:
        """All records whose fields equal these, in the order of their keys; no fields: all."""

    def due(self, field: str, *, at: Millis, limit: int) -> list[V]:
        """Up to `limit` records whose time `field` is at or before `at`, oldest first."""

    def newest(self) -> V | None:
        """The record with the highest key."""


class Mailboxes(Protocol):
    """Conversations, their members and envelopes: the hot part. A use case sees what earlier ones of its batch decided.

    Lists (`waiting`, `count`, `ahead_of`, `of_device`, `to_close`, `expired`, `over`) do not see what the asking use case itself
    has kept so far: list first, then change.
    """

    def conversation(self, conversation: ConversationId) -> Conversation | None: ...

    def by_key(self, key: int) -> Conversation | None: ...

    def open(self, conversation: Conversation) -> Conversation:
        """Keep a new conversation; the answer carries its key."""

    def keep(self, conversation: Conversation) -> None:
        """Keep a changed conversation: numbers, stage, members; envelopes up to its `gone` leave."""

    def append(self, envelope: StoredEnvelope) -> None: ...

    def envelopes(
        self, conversation: int, *, reader: DeviceKey, after: int, until: int, limit: int
    ) -> list[StoredEnvelope]:
        """In order of `seq`, without the welcomes of others."""

    def numbered(self, conversation: int, sender: DeviceKey, number: int) -> StoredEnvelope | None:
        """The message that `sender` gave this number, while it lies here."""

    def waiting(self, desk: DeskId, *, limit: int) -> list[Conversation]:
        """Longest wait first."""

    def left(self, desk: DeskId, *, limit: int) -> list[Conversation]:
        """Those in which a message was left and nobody has answered, oldest first."""

    def count(self, desk: DeskId, *stages: Stage) -> int: ...

    def ahead_of(self, conversation: Conversation) -> int:
        """How many of its desk wait longer."""

    def of_device(self, device: DeviceKey) -> list[Conversation]:
        """Conversations this device is or was a member of, or is proposed for."""

    def expired(self, *, at: Millis, limit: int) -> list[tuple[int, int]]:
        """(conversation key, seq) of up to `limit` envelopes past their life, oldest first."""

    def to_close(self, *, at: Millis, idle_since: Millis, limit: int) -> list[Conversation]:
        """Not closed, and past the time-box; or delivered to everybody, without a message since `idle_since`, and no left message."""

    def over(self, *, idle_since: Millis, limit: int) -> list[Conversation]:
        """Closed, without envelopes, and without a message since `idle_since`."""

    def forget(self, conversation: Conversation) -> None:
        """Remove the conversation with members, envelopes, group state, offer and changes."""


class Unit(Protocol):
    """What one use case may read and change. Nothing of it lasts until the transaction has been committed."""

    @property
    def mail(self) -> Mailboxes: ...
    @property
    def sites(self) -> Shelf[Site]: ...
    @property
    def origins(self) -> Shelf[SiteOrigin]: ...
    @property
    def site_desks(self) -> Shelf[SiteDesk]: ...
    @property
    def agents(self) -> Shelf[Agent]: ...
    @property
    def seats(self) -> Shelf[Seat]: ...
    @property
    def sign_ins(self) -> Shelf[SignIn]: ...
    @property
    def devices(self) -> Shelf[Device]: ...
    @property
    def credentials(self) -> Shelf[CredentialEntry]: ...
    @property
    def key_packages(self) -> Shelf[KeyPackageEntry]: ...
    @property
    def offers(self) -> Shelf[Offer]: ...
    @property
    def handoffs(self) -> Shelf[Handoff]: ...
    @property
    def roots(self) -> Shelf[RootEntry]: ...
    @property
    def trusts(self) -> Shelf[TrustEntry]: ...
    @property
    def policies(self) -> Shelf[PolicyEntry]: ...
    @property
    def incidents(self) -> Shelf[IncidentEntry]: ...
    @property
    def changes(self) -> Shelf[Change]: ...
    @property
    def groups(self) -> Shelf[GroupState]: ...
    @property
    def ledger(self) -> Shelf[LedgerEntry]: ...
    @property
    def questions(self) -> Shelf[Question]: ...

    def held(self, conversation: Conversation, *, after: int, limit: int) -> Holdings:
        """Every row about this conversation: up to `limit` behind the first `after`, in an order that stays."""

    def ring(self, rings: Rings) -> None:
        """Announce this after the commit; forgotten when the use case refuses."""


class UseCase(Protocol[C_contra, R_co]):
    """Load, decide, keep: synchronous, raises `Refused` or `Untrusted`, and is run again when its batch failed."""

    def __call__(self, unit: Unit, command: C_contra, /, *, now: Millis) -> R_co: ...


class Job(Protocol):
    """One use case with its command, waiting for its turn; `run` calls it."""

    def run(self, unit: Unit) -> object: ...


class Outcome(Protocol):
    """How a job ended: `error` is none when `result` counts."""

    @property
    def result(self) -> object: ...
    @property
    def error(self) -> Exception | None: ...
    @property
    def rings(self) -> Rings: ...


class Store(Protocol):
    """The one place that holds truth. Not acknowledged is not the same as not stored: asking again must be safe."""

    @property
    def is_writable(self) -> bool:
        """False from a failed commit until a probe write commits."""

    def run(self, batch: Sequence[Job]) -> list[Outcome]:
        """Run the jobs in order in one transaction and commit once; the outcomes stand in the order of the jobs.

        A refused job changes nothing. When the flush fails, everything is rolled back and each job runs in a transaction
        of its own; raises `StoreFault` when the store itself fails, and then nobody may be answered.
        """

    def commit(self, use_case: UseCase[C, R], command: C, now: Millis) -> R:
        """One use case, one transaction: for the command line and tests. Raises what the use case raised."""

    def read(self, query: UseCase[C, R], command: C, now: Millis) -> R:
        """A query on its own snapshot, from any thread; it must not change anything. `StoreFault` when it cannot."""

    def others_wrote(self) -> bool:
        """Whether another process has written since this was asked last; from any thread. `StoreFault` when it cannot say."""

    def close(self) -> None: ...


class Bells(Protocol):
    """Rung after each commit, on the loop's thread; never blocks, never raises. Down: lines look on a slow timer."""

    def ring(self, rings: Rings) -> None: ...

    def listen(self, listener: Callable[[Rings], None]) -> Callable[[], None]:
        """Call `listener` at every ring; the answer stops it."""


class Presence(Protocol):
    """Whose device has a live socket. Kept nowhere; down: everybody is away until they connect again. From any thread."""

    def is_here(self, device: DeviceKey) -> bool: ...

    def agents(self) -> tuple[DeviceKey, ...]:
        """The agents' devices among them."""


class Clock(Protocol):
    """The relay's wall clock."""

    def now(self) -> Millis: ...


class Entropy(Protocol):
    """The operating system's randomness."""

    def __call__(self, count: int, /) -> bytes: ...


class Passwords(Protocol):
    """Slow password hashing; runs outside the loop and the committer."""

    def hash(self, password: SecretText) -> str: ...

    def verify(self, stored: str, password: SecretText) -> bool:
        """Whether it fits; takes the same time for a hash of nobody's."""


class PolicyReader(Protocol):
    """Reads, judges and shows policy files: pure functions of their bytes and a day."""

    @property
    def style(self) -> str:
        """The style sheet of its pages."""
        ...

    def is_usable(self, octets: bytes, /, *, at: dt.date) -> bool:
        """Whether this relay takes the file."""
        ...

    def lapses(self, octets: bytes, /, *, at: dt.date) -> tuple[Lapse, ...]:
        """What is lost by this day; nothing for bytes that are no policy."""
        ...

    def purposes_off(self, octets: bytes, /, *, at: dt.date) -> frozenset[str]:
        """Purposes that nobody may be asked for on this day."""
        ...

    def ended(self, old: bytes, new: bytes, /) -> frozenset[str]:
        """Purposes whose decisions under `old` end when `new` is in force."""
        ...

    def page(self, octets: bytes, /, *, language: str, is_current: bool) -> str | None:
        """HTML; none for bytes that are no policy."""
        ...

    def facts(self, octets: bytes, /) -> bytes | None:
        """JSON; none for bytes that are no policy."""
        ...

    def gpc(self, octets: bytes, /) -> bytes | None:
        """JSON; none for bytes that are no policy."""
        ...
