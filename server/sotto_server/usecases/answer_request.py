"""The customer's answers: a no or not now by itself, a yes with the commit that it allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_keys.shared.decision import verify_decision
from sotto_server.domain.rings import look_at
from sotto_server.usecases.finding import conversation_of
from sotto_server.usecases.record_decision import Happening, record_decision
from sotto_wire.claims import DeviceAdmission
from sotto_wire.frames import AnswerRequest, Recorded
from sotto_wire.ids import Digest, Millis
from sotto_wire.limits import CLOCK_SKEW_MS
from sotto_wire.questions import Event, Standing
from sotto_wire.refusals import ClockSkew, ConsentMissing, NotAdmitted, NotFound

if TYPE_CHECKING:
    from sotto_keys.shared.decision import Decision
    from sotto_keys.shared.secret import Signer
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.question import Question
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.claims import DecisionClaims

EVENTS: Final = {"given": Event.GIVE, "refused": Event.REFUSE, "deferred": Event.DEFER}


def answer_request(unit: Unit, asked: Asked[AnswerRequest], /, *, now: Millis, signer: Signer) -> Recorded:
    """Refuses with `NotFound`, `NotAdmitted`, `ClockSkew`, `WrongStage` (answered already), `ConsentMissing`, or any `Untrusted`."""
    frame, by = asked.frame, asked.by
    conversation = conversation_of(unit, frame.conversation)
    if by.device != conversation.customer:
        raise NotFound("only the customer answers")
    decision = verify_decision(frame.decision, conversation.customer)
    claims = decision.claims
    if claims.conversation != conversation.id or claims.answer == "given":
        raise NotAdmitted("an answer of another conversation, or a yes without its commit")
    question = question_of(unit, conversation, claims)
    subject = question.request
    if question.decision != decision.digest:
        if abs(claims.decided_at - now) > CLOCK_SKEW_MS:
            raise ClockSkew("decided too far from this clock")
        settled = question.after(EVENTS[claims.answer], now=now, decision=decision.digest)
        unit.questions.put(settled)
        unit.ring(look_at(conversation.id, {each.device for each in conversation.current()}))
    what = Happening(EVENTS[claims.answer].value, conversation.id, subject=subject, request=subject)
    receipt = record_decision(unit, what, signed=frame.decision, now=now, signer=signer)
    return Recorded(ref=frame.ref, receipt=receipt)


def let_in(unit: Unit, conversation: Conversation, decision: Decision, *, now: Millis) -> Digest:
    """The request whose yes lets this device in. Refuses with `ConsentMissing` where nobody asked, or it was answered otherwise.

    A device that got stuck may be let in again under the decision that stands.
    """
    question = question_of(unit, conversation, decision.claims)
    is_known = question.standing == Standing.GIVEN and question.decision == decision.digest
    if not is_known:
        if not question.is_open or now >= question.ends_at:
            raise ConsentMissing("no open request")
        ends_at = Millis(decision.claims.expires_at)
        unit.questions.put(question.after(Event.GIVE, now=now, decision=decision.digest, ends_at=ends_at))
    return question.request


def question_of(unit: Unit, conversation: Conversation, claims: DecisionClaims) -> Question:
    """The request that this decision answers, if it answers that very request. `ConsentMissing` otherwise."""
    question = None if claims.request is None else unit.questions.get(conversation.key, claims.request)
    admits = claims.admits
    is_the_same = (
        question is not None
        and isinstance(admits, DeviceAdmission)
        and (admits.credential, admits.leaf_key) == (question.credential, question.device)
        and claims.purpose == question.purpose
        and claims.history == "new_messages"
    )
    if question is None or not is_the_same:
        raise ConsentMissing("an answer to no request of ours")
    return question
