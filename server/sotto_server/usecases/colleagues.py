"""Who of a conversation's desk is online and could take it over now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_server.usecases.answering import packages_held, require_answerer
from sotto_server.usecases.finding import conversation_of, seat_at
from sotto_wire.frames import Colleague, ListColleagues, Present
from sotto_wire.refusals import NoCredential

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.desk import Agent
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Presence, Unit
    from sotto_wire.ids import AgentId, DeskId, DeviceKey, Millis


def list_colleagues(unit: Unit, asked: Asked[ListColleagues], /, *, now: Millis, presence: Presence) -> Present:
    """A query. Refuses with `NotFound` or `NotSignedIn`."""
    conversation = conversation_of(unit, asked.frame.conversation)
    conversation.speaker(asked.by.device)
    seat_at(unit, conversation.desk, by=asked.by, now=now)
    found = colleagues_of(unit, conversation, but=asked.by.agent, presence=presence, now=now)
    return Present(ref=asked.frame.ref, colleagues=[Colleague(agent=each.agent, name=each.name) for each in found])


def colleagues_of(
    unit: Unit, conversation: Conversation, *, but: AgentId | None, presence: Presence, now: Millis
) -> list[Agent]:
    """Agents of the desk other than `but`, by name, with a device that is there and could be added."""
    taken = {each.device for each in conversation.current()}
    found = []
    for seat in unit.seats.find(desk=conversation.desk):
        agent = unit.agents.get(seat.agent)
        if agent is None or agent.disabled_at is not None or agent.agent == but:
            continue
        devices = (each.device for each in unit.devices.find(agent=agent.agent))
        present = (each for each in devices if each not in taken and presence.is_here(each))
        if any(_could_answer(unit, each, agent=agent.agent, desk=conversation.desk, now=now) for each in present):
            found.append(agent)
    return sorted(found, key=lambda each: each.name)


def desk_devices(unit: Unit, desk: DeskId) -> Iterator[DeviceKey]:
    """Every device of an agent who sits at the desk."""
    for seat in unit.seats.find(desk=desk):
        yield from (each.device for each in unit.devices.find(agent=seat.agent))


def _could_answer(unit: Unit, device: DeviceKey, *, agent: AgentId, desk: DeskId, now: Millis) -> bool:
    try:
        require_answerer(unit, device, agent=agent, desk=desk, now=now)
    except NoCredential:
        return False
    return bool(packages_held(unit, device, now=now))
