"""An agent takes a conversation: its device is offered to the customer, or to the colleague who hands it over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.directory import Offer
from sotto_server.domain.rings import Rings, look_at
from sotto_server.usecases.answering import claim_package, require_answerer
from sotto_server.usecases.finding import conversation_of, seat_at
from sotto_server.usecases.handing import is_offered, tell_desk
from sotto_wire.frames import Take, Taken
from sotto_wire.ids import DeskId
from sotto_wire.refusals import NotFound, WrongStage
from sotto_wire.stages import Act, Stage

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def take(unit: Unit, asked: Asked[Take], /, *, now: Millis) -> Taken:
    """Refuses with `NotSignedIn`, `NotFound` (also: nobody waits), `NoCredential`, `WrongStage` or `NoKeyPackage`."""
    frame, by = asked.frame, asked.by
    desk = DeskId(frame.desk)
    seat_at(unit, desk, by=by, now=now)
    require_answerer(unit, by.device, agent=by.agent, desk=desk, now=now)
    conversation = _chosen(unit, frame)
    if conversation.proposed == by.device:
        return Taken(ref=frame.ref, card=conversation.card(by.device))
    if conversation.stage is Stage.ACTIVE:
        return _take_over(unit, asked, conversation=conversation, now=now)
    if conversation.stage not in (Stage.WAITING, Stage.LEFT):
        raise WrongStage(conversation.stage)
    taken = _offer(unit, conversation.after(Act.TAKE), asked=asked, now=now)
    unit.ring(look_at(taken.id, {taken.customer, by.device}))
    unit.ring(Rings(desks=frozenset({desk})))
    return Taken(ref=frame.ref, card=taken.card(by.device))


def _take_over(unit: Unit, asked: Asked[Take], *, conversation: Conversation, now: Millis) -> Taken:
    """Of all who were asked the first has it. The stage stays: whoever hands over answers until the keys have changed."""
    frame, by = asked.frame, asked.by
    handoff = unit.handoffs.get(conversation.key)
    if handoff is None or not is_offered(unit, handoff, conversation=conversation, by=by):
        raise WrongStage("nobody hands it over to this device")
    if now >= handoff.lapses_at:
        raise WrongStage("too late")
    unit.handoffs.put(handoff.after("accept", now=now, taker=by.device))
    taken = _offer(unit, conversation, asked=asked, now=now)
    tell_desk(unit, taken)
    return Taken(ref=frame.ref, card=taken.card(by.device))


def _offer(unit: Unit, conversation: Conversation, *, asked: Asked[Take], now: Millis) -> Conversation:
    device = asked.by.device
    package = claim_package(unit, device, now=now)
    taken = replace(conversation, proposed=device)
    unit.mail.keep(taken)
    unit.offers.put(Offer(conversation=taken.key, device=device, package=package.package, offered_at=now))
    return taken


def _chosen(unit: Unit, frame: Take) -> Conversation:
    if frame.conversation is None:
        waiting = unit.mail.waiting(DeskId(frame.desk), limit=1)
        if not waiting:
            raise NotFound("nobody waits")
        return waiting[0]
    conversation = conversation_of(unit, frame.conversation)
    if conversation.desk != frame.desk:
        raise NotFound("of another desk")
    return conversation
