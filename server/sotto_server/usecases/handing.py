"""What happens to an open offer to take over when something else moves: it ends, and the desk hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.rings import Rings, look_at
from sotto_server.usecases.colleagues import desk_devices
from sotto_wire.frames import HandoffCard, Handoffs
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_keys.shared.mls.verdict import Verdict
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.handoff import Handoff
    from sotto_server.domain.speaker import Speaker
    from sotto_server.ports import Unit
    from sotto_wire.handoffs import HandoffAct
    from sotto_wire.ids import DeviceKey, Millis


def handoffs_of(unit: Unit, by: Speaker) -> Handoffs:
    """Every offer that concerns this device."""
    rows = [(each, unit.mail.by_key(each.conversation)) for each in unit.handoffs.find()]
    live = [(each, conversation) for each, conversation in rows if conversation is not None]
    return Handoffs(
        given=[_card(unit, each, conversation) for each, conversation in live if each.giver == by.device],
        offered=[
            _card(unit, each, conversation)
            for each, conversation in live
            if is_offered(unit, each, conversation=conversation, by=by)
        ],
    )


def is_offered(unit: Unit, handoff: Handoff, *, conversation: Conversation, by: Speaker) -> bool:
    """Whether this device may take it over, or has accepted and is not in yet."""
    if handoff.standing == "accepted":
        return handoff.taker == by.device
    giver = unit.devices.get(handoff.giver)
    return (
        handoff.standing == "asked"
        and handoff.is_for(by.agent)
        and by.agent is not None
        and (giver is None or giver.agent != by.agent)
        and unit.seats.get(by.agent, conversation.desk) is not None
        and by.device not in {each.device for each in conversation.current()}
    )


def drop_handoff(unit: Unit, conversation: Conversation, handoff: Handoff) -> Conversation:
    """Nothing of the offer stays; the caller keeps the conversation."""
    unit.handoffs.remove(handoff.conversation)
    return _without_offer(unit, conversation)


def end_handoff(
    unit: Unit, conversation: Conversation, handoff: Handoff, *, act: HandoffAct, now: Millis
) -> Conversation:
    """It came to nothing, and whoever asked is told why; the caller keeps the conversation."""
    unit.handoffs.put(handoff.after(act, now=now))
    return _without_offer(unit, conversation)


def handoff_after_commit(unit: Unit, conversation: Conversation, verdict: Verdict) -> Conversation:
    """The coming of who accepted and the going of who asked each end the offer: the group knows the rest."""
    handoff = unit.handoffs.get(conversation.key)
    if handoff is None:
        return conversation
    is_taken = handoff.taker in {each.device for each in verdict.added}
    if is_taken or not _is_there(conversation, handoff.giver):
        return drop_handoff(unit, conversation, handoff)
    return conversation


def handoff_after_shutting_out(
    unit: Unit, conversation: Conversation, *, device: DeviceKey, now: Millis
) -> Conversation:
    """A revoked giver offers nothing; a revoked taker takes nothing."""
    handoff = unit.handoffs.get(conversation.key)
    if handoff is None:
        return conversation
    if handoff.giver == device:
        return drop_handoff(unit, conversation, handoff)
    if handoff.standing == "accepted" and handoff.taker == device:
        return end_handoff(unit, conversation, handoff, act="fall_away", now=now)
    return conversation


def tell_desk(unit: Unit, conversation: Conversation) -> None:
    """Ring every device whose list of offers may have changed."""
    devices = frozenset(desk_devices(unit, conversation.desk))
    unit.ring(Rings(devices=devices))
    unit.ring(look_at(conversation.id, conversation.readers()))


def _without_offer(unit: Unit, conversation: Conversation) -> Conversation:
    tell_desk(unit, conversation)
    if conversation.stage is Stage.PROPOSED or conversation.proposed is None:
        return conversation
    unit.offers.remove(conversation.key)
    return replace(conversation, proposed=None)


def _is_there(conversation: Conversation, device: DeviceKey) -> bool:
    return any(each.device == device and each.is_current for each in conversation.members)


def _card(unit: Unit, handoff: Handoff, conversation: Conversation) -> HandoffCard:
    taker = unit.devices.get(handoff.taker) if handoff.taker is not None else None
    to = handoff.to if taker is None else taker.agent
    return HandoffCard(
        conversation=conversation.id,
        desk=conversation.desk,
        standing=handoff.standing,
        giver=_name(unit, handoff.giver),
        taker=_agent_name(unit, to),
        lapses_at=handoff.lapses_at,
    )


def _name(unit: Unit, device: DeviceKey) -> str:
    known = unit.devices.get(device)
    return (_agent_name(unit, known.agent) if known is not None else None) or ""


def _agent_name(unit: Unit, agent: str | None) -> str | None:
    known = None if agent is None else unit.agents.get(agent)
    return None if known is None else known.name
