"""What the relay's operator sets up from the command line: sites and agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.desk import Agent, Seat, Site, SiteDesk, SiteOrigin
from sotto_server.usecases.shut_out import shut_out
from sotto_server.usecases.sign_in import desks_of
from sotto_server.usecases.standing import device_standing
from sotto_wire.refusals import NotFound

if TYPE_CHECKING:
    from sotto_server.domain.directory import Device
    from sotto_server.ports import Unit
    from sotto_wire.ids import AgentId, DeskId, Millis, SiteId


@dataclass(frozen=True, slots=True)
class NewSite:
    """A website, where its widget may be opened, and its desks. Adding it again adds what is new."""

    site: SiteId
    origins: tuple[str, ...]
    desks: tuple[DeskId, ...]


@dataclass(frozen=True, slots=True)
class NewAgent:
    """Somebody who answers. Adding again changes name, password and desks, and lets a disabled agent in again."""

    agent: AgentId
    name: str
    password: str
    """The Argon2id hash."""
    desks: tuple[DeskId, ...]

    def __repr__(self) -> str:
        return f"NewAgent({self.agent})"


@dataclass(frozen=True, slots=True)
class ListedAgent:
    """An agent as the command line lists them."""

    agent: AgentId
    name: str
    desks: tuple[DeskId, ...]
    disabled_at: Millis | None
    devices: int


def add_site(unit: Unit, new: NewSite, /, *, now: Millis) -> None:
    if unit.sites.get(new.site) is None:
        unit.sites.put(Site(site=new.site, added_at=now))
    for origin in new.origins:
        unit.origins.put(SiteOrigin(site=new.site, origin=origin))
    for desk in new.desks:
        unit.site_desks.put(SiteDesk(site=new.site, desk=desk))


def add_agent(unit: Unit, new: NewAgent, /, *, now: Millis) -> None:
    known = unit.agents.get(new.agent)
    added_at = now if known is None else known.added_at
    unit.agents.put(Agent(agent=new.agent, name=new.name, password=new.password, added_at=added_at))
    for each in unit.sign_ins.find(agent=new.agent):
        unit.sign_ins.remove(each.token_digest)
    for desk in desks_of(unit, new.agent):
        unit.seats.remove(new.agent, desk)
    for desk in new.desks:
        unit.seats.put(Seat(agent=new.agent, desk=desk))


def disable_agent(unit: Unit, agent: AgentId, /, *, now: Millis) -> None:
    """No sign-in, no socket, no delivery for any of their devices. Their credentials stay an officer's to revoke."""
    known = unit.agents.get(agent)
    if known is None:
        raise NotFound("no such agent")
    unit.agents.put(replace(known, disabled_at=known.disabled_at or now))
    for each in unit.sign_ins.find(agent=agent):
        unit.sign_ins.remove(each.token_digest)
    for device in unit.devices.find(agent=agent):
        shut_out(unit, device.device, now=now, whatever_it_holds=True)


def list_agents(unit: Unit, _: None, /, *, now: Millis) -> list[ListedAgent]:  # noqa: ARG001 - the shape of a use case
    return [
        ListedAgent(
            agent=each.agent,
            name=each.name,
            desks=desks_of(unit, each.agent),
            disabled_at=each.disabled_at,
            devices=len(unit.devices.find(agent=each.agent)),
        )
        for each in unit.agents.find()
    ]


def pending_devices(unit: Unit, _: None, /, *, now: Millis) -> list[Device]:
    """Devices that asked for a credential and have none in force, longest wait first."""
    asked = [each for each in unit.devices.find() if each.requested_at is not None]
    waiting = [each for each in asked if device_standing(unit, each.device, now=now).state == "pending"]
    return sorted(waiting, key=lambda each: each.requested_at or now)
