"""Answer a verified `hello`: who this is to the relay, and which conversations the device is in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sotto_server.domain.directory import Device
from sotto_server.usecases.finding import conversations_listed
from sotto_server.usecases.key_package_stock import stock_of
from sotto_server.usecases.sign_in import check_sign_in, desks_of, take_over
from sotto_server.usecases.standing import device_standing
from sotto_wire.frames import AgentCard, Welcomed
from sotto_wire.ids import Millis
from sotto_wire.refusals import NotSignedIn

if TYPE_CHECKING:
    from sotto_server.domain.speaker import Speaker
    from sotto_server.ports import Unit
    from sotto_wire.ids import AgentId


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the relay knows of who spoke, and the frame that says so."""

    speaker: Speaker
    welcomed: Welcomed


def greet_customer(unit: Unit, by: Speaker, /, *, now: Millis) -> Greeting:
    """A query. T43: the site must exist and list the origin of this very socket, or `NotSignedIn`.

    An agent's device is no customer's: without its sign-in it would still hear what its key is a member of.
    """
    if unit.devices.get(by.device) is not None or unit.credentials.find(device=by.device):
        raise NotSignedIn("an agent's device as a customer")
    if unit.origins.get(by.site, by.origin) is None:
        raise NotSignedIn("origin is not of this site")
    cards = [each.card(by.device) for each in conversations_listed(unit, by.device, now=now)]
    welcomed = Welcomed(
        server_time=now,
        agent=None,
        device_state="customer",
        credential=None,
        key_packages=0,
        last_resort_until=Millis(0),
        conversations=cards,
    )
    return Greeting(speaker=by, welcomed=welcomed)


def greet_agent(unit: Unit, by: Speaker, /, *, now: Millis) -> Greeting:
    """Know the device from now on as this agent's; `NotSignedIn` when it or the sign-in is another's, or the sign-in is over."""
    sign_in = None if by.token_digest is None else unit.sign_ins.get(by.token_digest)
    by = replace(by, agent=None if sign_in is None else sign_in.agent)
    current = check_sign_in(unit, by, now=now)
    if current is None:
        raise NotSignedIn("an agent without a sign-in")
    _know(unit, by, agent=current.agent, now=now)
    take_over(unit, current, device=by.device, now=now)
    standing = device_standing(unit, by.device, now=now)
    stock = stock_of(unit, by.device, now=now)
    listed = [] if standing.state == "revoked" else conversations_listed(unit, by.device, now=now)
    welcomed = Welcomed(
        server_time=now,
        agent=_card(unit, current.agent),
        device_state=standing.state,
        credential=standing.envelope,
        key_packages=len(stock.single_use),
        last_resort_until=stock.last_resort_until,
        conversations=[each.card(by.device) for each in listed],
    )
    return Greeting(speaker=by, welcomed=welcomed)


def _know(unit: Unit, by: Speaker, *, agent: AgentId, now: Millis) -> None:
    known = unit.devices.get(by.device)
    if known is None:
        unit.devices.put(Device(device=by.device, agent=agent, label="", seen_at=now, requested_at=None))
    elif known.agent != agent:
        raise NotSignedIn("another agent's device")


def _card(unit: Unit, agent: AgentId) -> AgentCard:
    found = unit.agents.get(agent)
    assert found is not None
    return AgentCard(agent=agent, name=found.name, desks=list(desks_of(unit, agent)))
