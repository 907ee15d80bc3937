"""Move a device's cursor. What every member has acknowledged leaves the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_server.domain.rings import look_at
from sotto_server.usecases.finding import conversation_of

if TYPE_CHECKING:
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.frames import Acknowledge
    from sotto_wire.ids import Millis


def acknowledge(unit: Unit, asked: Asked[Acknowledge], /, *, now: Millis) -> None:  # noqa: ARG001 - the shape of a use case
    """Refuses with `NotFound` or `OutOfOrder`; an older cursor than the one kept changes nothing."""
    frame, device = asked.frame, asked.by.device
    before = conversation_of(unit, frame.conversation)
    after = before.acknowledged(before.reader(device), frame.seq)
    if after is before:
        return
    unit.mail.keep(after)
    others = (each.device for each in after.current() if each.device != device)
    told = [each for each in others if after.delivered_to_others(each) != before.delivered_to_others(each)]
    unit.ring(look_at(after.id, told))
