"""The customer withdraws a decision: nothing more reaches the device it let in, and the next commit is the customer's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.withdrawal import verify_withdrawal
from sotto_server.usecases.finding import conversation_of
from sotto_server.usecases.record_decision import Happening, record_decision
from sotto_server.usecases.shut_guest_out import shut_guest_out
from sotto_wire.frames import Recorded, Withdraw
from sotto_wire.ids import Digest
from sotto_wire.limits import CLOCK_SKEW_MS
from sotto_wire.questions import Event, Standing
from sotto_wire.refusals import ClockSkew, NotFound

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.question import Question
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def withdraw(unit: Unit, asked: Asked[Withdraw], /, *, now: Millis, signer: Signer) -> Recorded:
    """Accepted in every stage, however stale the rest is. Refuses with `NotFound`, `ClockSkew` (from the future) or any `Untrusted`."""
    frame, by = asked.frame, asked.by
    conversation = conversation_of(unit, frame.conversation)
    if by.device != conversation.customer:
        raise NotFound("only the customer withdraws")
    withdrawal = verify_withdrawal(frame.withdrawal, conversation.customer)
    claims = withdrawal.claims
    if claims.conversation != conversation.id:
        raise NotFound("of another conversation")
    if claims.withdrawn_at - now > CLOCK_SKEW_MS:
        raise ClockSkew("withdrawn in the future")
    question = _given(unit, conversation, Digest(claims.decision))
    if question.standing != Standing.WITHDRAWN:
        unit.questions.put(question.after(Event.WITHDRAW, now=now))
        shut_guest_out(unit, conversation, question.device, now=now)
    what = Happening(Event.WITHDRAW.value, conversation.id, subject=question.request, request=question.request)
    receipt = record_decision(unit, what, signed=frame.withdrawal, now=now, signer=signer)
    return Recorded(ref=frame.ref, receipt=receipt)


def _given(unit: Unit, conversation: Conversation, decision: Digest) -> Question:
    found = (each for each in unit.questions.find(conversation=conversation.key) if each.decision == decision)
    question = next(found, None)
    if question is None or question.standing in (Standing.REFUSED, Standing.DEFERRED):
        raise NotFound("no decision that let anybody in")
    return question
