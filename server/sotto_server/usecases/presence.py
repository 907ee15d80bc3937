"""Who would answer at a desk now, and who is told when somebody comes or goes. Whose sockets live is the port's; nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_server.domain.rings import Rings, all_of, look_at
from sotto_server.usecases.sign_in import desks_of
from sotto_server.usecases.standing import device_standing
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Speaker
    from sotto_server.ports import Presence, Unit
    from sotto_wire.ids import DeskId, DeviceKey, Millis

TOLD: Final = 200
"""Customers told at once that their desk opened or closed; the rest see it at their next look, within half a minute."""


def desk_is_here(unit: Unit, desk: DeskId, *, presence: Presence, now: Millis) -> bool:
    """Whether an agent who sits at the desk is connected on a device with a credential in force."""
    return any(_answers(unit, device, desk=desk, now=now) for device in presence.agents())


def who_looks(unit: Unit, came_or_went: Speaker, /, *, now: Millis) -> Rings:  # noqa: ARG001 - the shape of a query
    """A query: whom it concerns that this device is connected, or no longer."""
    if came_or_went.agent is not None:
        return all_of(
            look_at(each.id, {each.customer})
            for desk in desks_of(unit, came_or_went.agent)
            for each in (*unit.mail.waiting(desk, limit=TOLD), *unit.mail.left(desk, limit=TOLD))
        )
    own = [each for each in unit.mail.of_device(came_or_went.device) if each.stage is not Stage.CLOSED]
    return all_of(_of_customer(own, came_or_went.device))


def _of_customer(conversations: list[Conversation], device: DeviceKey) -> Iterator[Rings]:
    for each in conversations:
        others = each.readers() | ({each.proposed} if each.proposed else frozenset())
        yield look_at(each.id, others - {device})
        if each.stage in (Stage.WAITING, Stage.LEFT):
            yield Rings(desks=frozenset({each.desk}))


def _answers(unit: Unit, device: DeviceKey, *, desk: DeskId, now: Millis) -> bool:
    known = unit.devices.get(device)
    if known is None or unit.seats.get(known.agent, desk) is None:
        return False
    return device_standing(unit, device, now=now).state == "issued"
