"""An agent offers a conversation to a colleague of the desk, or takes the offer back; a colleague who was asked says no.

Accepting is `take`. The relay only brings the two together: the change of keys is theirs (docs/protocol.md 4.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.mls.group_memory import parse_group_memory
from sotto_server.domain.handoff import asked as newly_asked
from sotto_server.usecases.colleagues import colleagues_of
from sotto_server.usecases.finding import conversation_of, seat_at
from sotto_server.usecases.handing import drop_handoff, end_handoff, tell_desk
from sotto_wire.frames import CallOff, Done, HandOff
from sotto_wire.ids import AgentId
from sotto_wire.refusals import CommitNotAllowed, NobodyThere, NotFound, WrongStage
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.handoff import Handoff
    from sotto_server.domain.speaker import Asked, Speaker
    from sotto_server.ports import Presence, Unit
    from sotto_wire.ids import DeviceKey, Millis


def hand_off(unit: Unit, asked: Asked[HandOff], /, *, now: Millis, presence: Presence) -> Done:
    """The same offer again is answered the same again.

    Refuses with `NotFound`, `NotSignedIn`, `WrongStage` (nobody else is to join, or another handoff is open), `CommitNotAllowed`
    (this member may let nobody in) or `NobodyThere`.
    """
    frame, by = asked.frame, asked.by
    conversation = conversation_of(unit, frame.conversation)
    conversation.speaker(by.device)
    seat_at(unit, conversation.desk, by=by, now=now)
    to = None if frame.to is None else AgentId(frame.to)
    known = unit.handoffs.get(conversation.key)
    if known is not None and known.is_open:
        if (known.giver, known.to) != (by.device, to):
            raise WrongStage("another handoff is open")
        return Done(ref=frame.ref)
    _may_give(unit, conversation, by.device)
    there = {each.agent for each in colleagues_of(unit, conversation, but=by.agent, presence=presence, now=now)}
    if not there or (to is not None and to not in there):
        raise NobodyThere("nobody who could take it")
    unit.handoffs.put(newly_asked(conversation.key, by.device, to=to, now=now))
    tell_desk(unit, conversation)
    return Done(ref=frame.ref)


def call_off(unit: Unit, asked: Asked[CallOff], /, *, now: Millis) -> Done:
    """What is over already is answered the same. Refuses with `NotFound` or `NotSignedIn`.

    One no of many who were asked together ends nothing: whoever wants it may still take it.
    """
    conversation = conversation_of(unit, asked.frame.conversation)
    seat_at(unit, conversation.desk, by=asked.by, now=now)
    handoff = unit.handoffs.get(conversation.key)
    if handoff is not None and asked.by.device == handoff.giver:
        unit.mail.keep(drop_handoff(unit, conversation, handoff))
    elif handoff is not None and _may_decline(handoff, asked.by):
        unit.mail.keep(end_handoff(unit, conversation, handoff, act="decline", now=now))
    elif handoff is not None and not handoff.is_for(asked.by.agent):
        raise NotFound("somebody else's handoff")
    return Done(ref=asked.frame.ref)


def _may_decline(handoff: Handoff, by: Speaker) -> bool:
    if handoff.standing == "accepted":
        return handoff.taker == by.device
    return handoff.standing == "asked" and handoff.to is not None and handoff.to == by.agent


def _may_give(unit: Unit, conversation: Conversation, device: DeviceKey) -> None:
    if conversation.stage is not Stage.ACTIVE:
        raise WrongStage(conversation.stage)
    state = unit.groups.get(conversation.key)
    assert state is not None, "a conversation that is not closed has its group"
    memory = parse_group_memory(state.memory)
    if memory.handoff is not None:
        raise WrongStage("the keys of another handoff are changing")
    known = memory.member(device)
    if known is None or not known.is_team:
        raise CommitNotAllowed("who was not let in as one of the desk lets nobody in")
