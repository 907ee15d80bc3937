"""May this device hear a conversation from here? Delivery itself is `collect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_server.usecases.finding import conversation_of
from sotto_wire.frames import Done, Follow
from sotto_wire.refusals import OutOfOrder

if TYPE_CHECKING:
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def follow(unit: Unit, asked: Asked[Follow], /, *, now: Millis) -> Done:  # noqa: ARG001 - the shape of a use case
    """A query. The device that took the conversation may follow before it is a member: it hears nothing until then.

    Refuses with `NotFound`, or `OutOfOrder` for a cursor that does not exist.
    """
    frame, device = asked.frame, asked.by.device
    conversation = conversation_of(unit, frame.conversation)
    if device != conversation.proposed:
        conversation.reader(device)
    if frame.after > conversation.head:
        raise OutOfOrder(f"after {frame.after} of {conversation.head}")
    return Done(ref=frame.ref)
