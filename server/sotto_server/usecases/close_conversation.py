"""End a conversation: by the customer, by a member agent, or by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.rings import Rings, look_at
from sotto_server.usecases.finding import conversation_of
from sotto_server.usecases.handing import drop_handoff
from sotto_wire.frames import CloseConversation, Done
from sotto_wire.refusals import NotAdmitted
from sotto_wire.stages import Act, Stage

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def close_conversation(unit: Unit, asked: Asked[CloseConversation], /, *, now: Millis) -> Done:
    """Refuses with `NotFound` or `NotAdmitted`. Closing what is closed is answered the same again."""
    conversation = conversation_of(unit, asked.frame.conversation)
    if conversation.speaker(asked.by.device).role == "guest":
        raise NotAdmitted("a guest closes nothing")
    if conversation.stage is not Stage.CLOSED:
        end(unit, conversation, now=now)
    return Done(ref=asked.frame.ref)


def end(unit: Unit, conversation: Conversation, *, now: Millis) -> None:
    """Close it: nothing more is accepted, the offer and the public group go, what is undelivered still goes out."""
    closed = replace(conversation.after(Act.CLOSE), proposed=None, active_at=now)
    handoff = unit.handoffs.get(closed.key)
    if handoff is not None:
        drop_handoff(unit, closed, handoff)
    unit.mail.keep(closed)
    unit.offers.remove(closed.key)
    unit.groups.remove(closed.key)
    told = conversation.readers() | ({conversation.proposed} if conversation.proposed else frozenset())
    unit.ring(look_at(closed.id, told))
    unit.ring(Rings(desks=frozenset({closed.desk})))
