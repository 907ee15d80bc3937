"""One use case's change-set on SQLAlchemy: hot records in memory, cold ones inside a savepoint that a refusal undoes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_server.adapters.store import schema
from sotto_server.adapters.store.holdings import holdings
from sotto_server.adapters.store.mailboxes import SqlMailboxes
from sotto_server.adapters.store.shelves import Layout, SqlShelf
from sotto_server.domain.desk import Agent, Seat, SignIn, Site, SiteDesk, SiteOrigin
from sotto_server.domain.directory import CredentialEntry, Device, KeyPackageEntry, Offer
from sotto_server.domain.documents import IncidentEntry, PolicyEntry, RootEntry, TrustEntry
from sotto_server.domain.handoff import Handoff
from sotto_server.domain.ledger import Change, GroupState, LedgerEntry
from sotto_server.domain.question import Question
from sotto_server.domain.rings import Rings, all_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sotto_server.adapters.store.overlay import Overlay
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.holdings import Holdings

SITES: Final = Layout(schema.site, Site)
ORIGINS: Final = Layout(schema.site_origin, SiteOrigin)
SITE_DESKS: Final = Layout(schema.site_desk, SiteDesk)
AGENTS: Final = Layout(schema.agent, Agent)
SEATS: Final = Layout(schema.seat, Seat)
SIGN_INS: Final = Layout(schema.sign_in, SignIn)
DEVICES: Final = Layout(schema.device, Device)
CREDENTIALS: Final = Layout(schema.credential, CredentialEntry)
KEY_PACKAGES: Final = Layout(schema.key_package, KeyPackageEntry)
OFFERS: Final = Layout(schema.offer, Offer)
HANDOFFS: Final = Layout(schema.handoff, Handoff)
ROOTS: Final = Layout(schema.root, RootEntry)
TRUSTS: Final = Layout(schema.trust, TrustEntry)
POLICIES: Final = Layout(schema.policy, PolicyEntry)
INCIDENTS: Final = Layout(schema.incident, IncidentEntry)
CHANGES: Final = Layout(schema.change, Change)
GROUPS: Final = Layout(schema.group_state, GroupState)
LEDGER: Final = Layout(schema.ledger, LedgerEntry)
QUESTIONS: Final = Layout(schema.question, Question)


class SqlUnit:
    """See `ports.Unit`."""

    def __init__(self, connection: Connection, overlay: Overlay) -> None:
        self._connection, self._overlay = connection, overlay
        self._has_savepoint = False
        self._rings: list[Rings] = []
        self.mail = SqlMailboxes(connection, overlay, before_write=self._savepoint)

    @property
    def sites(self) -> SqlShelf[Site]:
        return SqlShelf(self._connection, SITES, before_write=self._savepoint)

    @property
    def origins(self) -> SqlShelf[SiteOrigin]:
        return SqlShelf(self._connection, ORIGINS, before_write=self._savepoint)

    @property
    def site_desks(self) -> SqlShelf[SiteDesk]:
        return SqlShelf(self._connection, SITE_DESKS, before_write=self._savepoint)

    @property
    def agents(self) -> SqlShelf[Agent]:
        return SqlShelf(self._connection, AGENTS, before_write=self._savepoint)

    @property
    def seats(self) -> SqlShelf[Seat]:
        return SqlShelf(self._connection, SEATS, before_write=self._savepoint)

    @property
    def sign_ins(self) -> SqlShelf[SignIn]:
        return SqlShelf(self._connection, SIGN_INS, before_write=self._savepoint)

    @property
    def devices(self) -> SqlShelf[Device]:
        return SqlShelf(self._connection, DEVICES, before_write=self._savepoint)

    @property
    def credentials(self) -> SqlShelf[CredentialEntry]:
        return SqlShelf(self._connection, CREDENTIALS, before_write=self._savepoint)

    @property
    def key_packages(self) -> SqlShelf[KeyPackageEntry]:
        return SqlShelf(self._connection, KEY_PACKAGES, before_write=self._savepoint)

    @property
    def offers(self) -> SqlShelf[Offer]:
        return SqlShelf(self._connection, OFFERS, before_write=self._savepoint)

    @property
    def handoffs(self) -> SqlShelf[Handoff]:
        return SqlShelf(self._connection, HANDOFFS, before_write=self._savepoint)

    @property
    def roots(self) -> SqlShelf[RootEntry]:
        return SqlShelf(self._connection, ROOTS, before_write=self._savepoint)

    @property
    def trusts(self) -> SqlShelf[TrustEntry]:
        return SqlShelf(self._connection, TRUSTS, before_write=self._savepoint)

    @property
    def policies(self) -> SqlShelf[PolicyEntry]:
        return SqlShelf(self._connection, POLICIES, before_write=self._savepoint)

    @property
    def incidents(self) -> SqlShelf[IncidentEntry]:
        return SqlShelf(self._connection, INCIDENTS, before_write=self._savepoint)

    @property
    def changes(self) -> SqlShelf[Change]:
        return SqlShelf(self._connection, CHANGES, before_write=self._savepoint)

    @property
    def groups(self) -> SqlShelf[GroupState]:
        return SqlShelf(self._connection, GROUPS, before_write=self._savepoint)

    @property
    def ledger(self) -> SqlShelf[LedgerEntry]:
        return SqlShelf(self._connection, LEDGER, before_write=self._savepoint)

    @property
    def questions(self) -> SqlShelf[Question]:
        return SqlShelf(self._connection, QUESTIONS, before_write=self._savepoint)

    def held(self, conversation: Conversation, *, after: int, limit: int) -> Holdings:
        self._overlay.flush(self._connection)
        return holdings(self._connection, conversation, after=after, limit=limit)

    def ring(self, rings: Rings) -> None:
        self._rings.append(rings)

    def accept(self) -> Rings:
        """The use case ended well; the bells it asked for."""
        if self._has_savepoint:
            self._connection.exec_driver_sql("RELEASE use_case")
        self.mail.merge()
        return all_of(self._rings)

    def undo(self) -> None:
        """The use case refused: nothing of it stays."""
        if self._has_savepoint:
            self._connection.exec_driver_sql("ROLLBACK TO use_case")
            self._connection.exec_driver_sql("RELEASE use_case")

    def _savepoint(self) -> None:
        if not self._has_savepoint:
            # What earlier use cases decided must not be undone with this one.
            self._overlay.flush(self._connection)
            self._connection.exec_driver_sql("SAVEPOINT use_case")
            self._has_savepoint = True
