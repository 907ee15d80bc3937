"""Everybody who may knock at a relay, in one store: members, strangers, people of other desks and sites, and the shut out."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec
from tests.support.relay_members import agent_commit, joined
from tests.support.relay_world import CONSOLE, NOW, SHOP, AgentDevice, CustomerDevice, RelayWorld
from tests.support.running_relay import a_config, a_running_relay

from sotto_server.app import Times
from sotto_server.domain.desk import Seat
from sotto_server.domain.speaker import Asked
from sotto_server.usecases.administer import NewSite, add_site, disable_agent
from sotto_server.usecases.enrol_device import enrol_device
from sotto_wire.frames import Commit, EnrolDevice
from sotto_wire.ids import AgentId, ConversationId, DeskId, DeviceKey, SiteId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.running_relay import Running

    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_server.domain.speaker import Speaker
    from sotto_server.ports import Store, Unit
    from sotto_wire.claims import GroupTerms
    from sotto_wire.ids import Millis

BAKERY: Final = "https://bakery.example"
RETURNS: Final = DeskId("returns")
CUSTOMERS: Final = ("anton", "berta", "clara", "stranger")
AGENTS: Final = ("ana", "cleo", "ben", "dan", "fay", "gus")
"""Member · colleague at the desk · of another desk · without a credential · revoked · removed by the customer."""
OUTSIDE: Final = ("nobody", "eve")
"""Who never said hello · whose sign-in was ended by disabling."""
ROLES: Final = (*CUSTOMERS, *AGENTS, *OUTSIDE)
NOWHERE: Final = ConversationId(b"no conversation!")


class BakeryCustomer(CustomerDevice):
    """A customer of another site of the organisation, and of another desk."""

    def terms(self) -> GroupTerms:
        return msgspec.structs.replace(super().terms(), site="bakery")

    @property
    def speaker(self) -> Speaker:
        return replace(super().speaker, site=SiteId("bakery"), origin=BAKERY)


class Then:
    """The moment the town's documents are of."""

    def now(self) -> Millis:
        return NOW


@asynccontextmanager
async def attacked(database: Path, folder: Path) -> AsyncIterator[Running]:
    (folder / "data").mkdir()
    shutil.copy(database, folder / "data" / "sotto.db")
    config = a_config(folder / "data", public_url=CONSOLE)
    # The relay's own deadlines: on a busy machine a short one would answer in the place of the table.
    async with a_running_relay(config, times=Times(), clock=Then()) as running:
        yield running


@dataclass(frozen=True)
class Peer:
    """How one of them says hello."""

    key: SecretSigningKey
    origin: str
    site: str
    session: str | None = None


@dataclass
class Town:
    """Conversations: `own` of Anton, Ana and those who were members; `waiting` of Berta at the desk; `foreign` at another site's desk."""

    store: Store
    anton: CustomerDevice = field(default_factory=lambda: CustomerDevice("anton"))
    berta: CustomerDevice = field(default_factory=lambda: CustomerDevice("berta"))
    clara: BakeryCustomer = field(default_factory=lambda: BakeryCustomer("clara", desk=RETURNS))
    agents: dict[str, AgentDevice] = field(default_factory=dict)
    peers: dict[str, Peer] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    """Who could make a lawful commit in `own`, and it."""

    def __post_init__(self) -> None:
        stranger = CustomerDevice("stranger")
        everybody = (self.anton, self.berta, self.clara, stranger)
        names = ("own", "waiting", "foreign", "nowhere")
        self.openings = {name: each.opening() for name, each in zip(names, everybody, strict=True)}
        """What each could open its conversation with; the stranger's is none yet."""
        self.world = RelayWorld(self.store)
        self.world.do(add_site, NewSite(site=SiteId("bakery"), origins=(BAKERY,), desks=(RETURNS,)))
        self._hire()
        self._talk()
        self._shut_out()
        for name, each in self.agents.items():
            self.peers[name] = Peer(each.key, CONSOLE, "console", session=each.agent)
        for customer, site in ((self.anton, "shop"), (self.berta, "shop"), (self.clara, "bakery")):
            self.peers[customer.name] = Peer(customer.key, customer.speaker.origin, site)
        self.peers["stranger"] = Peer(stranger.key, SHOP, "shop")

    @property
    def talks(self) -> dict[str, ConversationId]:
        of = self.anton.conversation, self.berta.conversation, self.clara.conversation
        return dict(zip(("own", "waiting", "foreign"), of, strict=True)) | {"nowhere": NOWHERE}

    def _hire(self) -> None:
        for name in ("ana", "cleo", "eve", "fay", "gus"):
            self.agents[name] = AgentDevice(name, f"device-{name}")
            self.world.equip(self.agents[name])
        ben = self.agents["ben"] = AgentDevice("ben", "device-ben", desks=(RETURNS,))
        self.world.equip(ben)
        self.world.do(_move, (AgentId("ben"), RETURNS))
        dan = self.agents["dan"] = AgentDevice("dan", "device-dan")
        self.world.hire(dan)
        self.world.do(enrol_device, Asked(EnrolDevice(ref=1, label="new laptop"), dan.speaker))

    def _talk(self) -> None:
        """Gus answers first, Fay joins, Gus is removed, Ana joins: all three have been members."""
        world, anton = self.world, self.anton
        world.meet(anton, self.agents["gus"])
        self._change(anton, anton.commit(self.agents["fay"].key_package()))
        self._change(anton, anton.commit(remove=[DeviceKey(self.agents["gus"].key.public)]))
        self._change(anton, anton.commit(self.agents["ana"].key_package()))
        world.open(self.berta)
        world.open(self.clara)
        self.commits["anton"] = anton.commit()
        ana = self.agents["ana"]
        self.commits["ana"] = agent_commit(joined(world, anton, ana), anton, ana)
        self.commits["berta"] = self.berta.commit()
        self.commits["clara"] = self.clara.commit()

    def _change(self, customer: CustomerDevice, commit: Commit) -> None:
        self.world.commit(commit, customer.speaker)
        customer.adopt()

    def _shut_out(self) -> None:
        self.world.revoke(self.agents["fay"])
        self.world.do(disable_agent, AgentId("eve"))


def _move(unit: Unit, seat: tuple[AgentId, DeskId], /, *, now: Millis) -> None:  # noqa: ARG001 - a use case
    agent, desk = seat
    for each in unit.seats.find(agent=agent):
        unit.seats.remove(agent, each.desk)
    unit.seats.put(Seat(agent=agent, desk=desk))
