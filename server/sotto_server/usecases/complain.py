"""Keep a member's word that it cannot follow the group, until the customer's device has heard it and opened the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.rings import look_at
from sotto_server.usecases.finding import conversation_of
from sotto_wire.frames import Complain, Done
from sotto_wire.refusals import GroupOver
from sotto_wire.stages import Act

if TYPE_CHECKING:
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def complain(unit: Unit, asked: Asked[Complain], /, *, now: Millis) -> Done:  # noqa: ARG001 - the shape of a use case
    """Refuses with `NotFound`, `WrongStage` or `GroupOver`. T22: the complaint of a leaf that the commit removed is `NotFound`."""
    frame, device = asked.frame, asked.by.device
    found = conversation_of(unit, frame.conversation)
    member = found.speaker(device)
    conversation = found.after(Act.COMMIT)
    if frame.group != conversation.group:
        raise GroupOver(f"{frame.group} of {conversation.group}")
    if not member.stuck and device != conversation.customer:
        unit.mail.keep(conversation.with_member(replace(member, stuck=True)))
        unit.ring(look_at(conversation.id, {conversation.customer}))
    return Done(ref=frame.ref)
