"""A store in dictionaries, for tests of use cases. Kept honest by the contract suite that the real one passes too."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeVar

from sotto_server.adapters.memory.holdings import holdings
from sotto_server.adapters.memory.mailboxes import MemoryMailboxes
from sotto_server.adapters.memory.shelves import MemoryShelf, Rows, Taken
from sotto_server.adapters.outcome import Ended, Once
from sotto_server.domain.rings import Rings, all_of
from sotto_server.faults import StoreFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msgspec import Struct

    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.desk import Agent, Seat, SignIn, Site, SiteDesk, SiteOrigin
    from sotto_server.domain.directory import CredentialEntry, Device, KeyPackageEntry, Offer
    from sotto_server.domain.documents import IncidentEntry, PolicyEntry, RootEntry, TrustEntry
    from sotto_server.domain.handoff import Handoff
    from sotto_server.domain.holdings import Holdings
    from sotto_server.domain.ledger import Change, GroupState, LedgerEntry
    from sotto_server.domain.question import Question
    from sotto_server.ports import Job, Outcome, UseCase
    from sotto_wire.ids import Millis

C = TypeVar("C")
R = TypeVar("R")

KEYS: Final = {
    "sites": ("site",),
    "origins": ("site", "origin"),
    "site_desks": ("site", "desk"),
    "agents": ("agent",),
    "seats": ("agent", "desk"),
    "sign_ins": ("token_digest",),
    "devices": ("device",),
    "credentials": ("credential",),
    "key_packages": ("reference",),
    "offers": ("conversation",),
    "handoffs": ("conversation",),
    "roots": ("version",),
    "trusts": ("version",),
    "policies": ("digest",),
    "incidents": ("incident",),
    "changes": ("conversation", "group", "epoch"),
    "groups": ("conversation",),
    "ledger": ("index",),
    "questions": ("conversation", "request"),
}


OF_CONVERSATIONS: Final = ("offers", "handoffs", "groups", "changes", "questions")


class MemoryUnit:
    """See `ports.Unit`. It works on copies; the store keeps them when the use case ended well."""

    sites: MemoryShelf[Site]
    origins: MemoryShelf[SiteOrigin]
    site_desks: MemoryShelf[SiteDesk]
    agents: MemoryShelf[Agent]
    seats: MemoryShelf[Seat]
    sign_ins: MemoryShelf[SignIn]
    devices: MemoryShelf[Device]
    credentials: MemoryShelf[CredentialEntry]
    key_packages: MemoryShelf[KeyPackageEntry]
    offers: MemoryShelf[Offer]
    handoffs: MemoryShelf[Handoff]
    roots: MemoryShelf[RootEntry]
    trusts: MemoryShelf[TrustEntry]
    policies: MemoryShelf[PolicyEntry]
    incidents: MemoryShelf[IncidentEntry]
    changes: MemoryShelf[Change]
    groups: MemoryShelf[GroupState]
    ledger: MemoryShelf[LedgerEntry]
    questions: MemoryShelf[Question]

    def __init__(self, tables: dict[str, Rows], mail: MemoryMailboxes) -> None:
        self.tables = {name: dict(rows) for name, rows in tables.items()}
        for name, key in KEYS.items():
            setattr(self, name, MemoryShelf(self.tables[name], key))
        self.mail = mail.copy(on_forget=self._forget)
        self.rings: list[Rings] = []

    def ring(self, rings: Rings) -> None:
        self.rings.append(rings)

    def held(self, conversation: Conversation, *, after: int, limit: int) -> Holdings:
        of_it: dict[str, list[Struct]] = {
            "conversation": [conversation],
            "member": list(conversation.members),
            "envelope": list(self.mail.all_envelopes(conversation.key)),
            "ledger": list(self.ledger.find(conversation=conversation.id)),
        }
        for name in OF_CONVERSATIONS:
            of_it[name] = [row for key, row in sorted(self.tables[name].items()) if key[0] == conversation.key]
        return holdings(of_it, after=after, limit=limit)

    def _forget(self, conversation: int) -> None:
        for name in OF_CONVERSATIONS:
            rows = self.tables[name]
            for key in [each for each in rows if each[0] == conversation]:
                del rows[key]


class MemoryStore:
    """See `ports.Store`. Each job sees the jobs before it; nothing survives the process."""

    def __init__(self) -> None:
        self._tables: dict[str, Rows] = {name: {} for name in KEYS}
        self._mail = MemoryMailboxes()
        self._turn = threading.Lock()

    @property
    def is_writable(self) -> bool:
        return True

    def run(self, batch: Sequence[Job]) -> list[Outcome]:
        with self._turn:
            return [self._job(each) for each in batch]

    def commit(self, use_case: UseCase[C, R], command: C, now: Millis) -> R:
        once = Once(use_case, command, now, [])
        (outcome,) = self.run([once])
        if outcome.error is not None:
            raise outcome.error
        return once.answers[0]

    def read(self, query: UseCase[C, R], command: C, now: Millis) -> R:
        with self._turn:
            return query(MemoryUnit(self._tables, self._mail), command, now=now)

    def others_wrote(self) -> bool:
        """No other process sees it."""
        return False

    def close(self) -> None:
        """Nothing to give back."""

    def _job(self, job: Job) -> Outcome:
        unit = MemoryUnit(self._tables, self._mail)
        try:
            result = job.run(unit)
        except Taken as error:
            return Ended(error=StoreFault(str(error)))
        except Exception as error:  # noqa: BLE001 - as in the SQL store: one job's trouble is its own
            return Ended(error=error)
        self._tables, self._mail = unit.tables, unit.mail
        return Ended(result=result, rings=all_of(unit.rings))
