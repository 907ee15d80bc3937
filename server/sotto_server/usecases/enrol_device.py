"""An agent's device asks for a credential. An officer answers, not the relay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.directory import Device
from sotto_server.domain.rings import Rings
from sotto_server.usecases.finding import agent_of
from sotto_server.usecases.sign_in import check_sign_in
from sotto_wire.frames import Done, EnrolDevice

if TYPE_CHECKING:
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def enrol_device(unit: Unit, asked: Asked[EnrolDevice], /, *, now: Millis) -> Done:
    """Note the request; asking again renews its label. Refuses with `NotSignedIn`."""
    by = asked.by
    check_sign_in(unit, by, now=now)
    known = unit.devices.get(by.device) or Device(
        device=by.device, agent=agent_of(by), label="", seen_at=now, requested_at=None
    )
    unit.devices.put(replace(known, label=asked.frame.label, requested_at=known.requested_at or now))
    unit.ring(Rings(devices=frozenset({by.device})))
    return Done(ref=asked.frame.ref)
