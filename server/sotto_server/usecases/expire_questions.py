"""What time does to questions: a request nobody answered is over, a decision given for a while has run out. The relay only states it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.request import Event as Statement
from sotto_keys.shared.request import sign_event
from sotto_keys.shared.text_forms import to_base64url
from sotto_server.domain.rings import look_at
from sotto_server.usecases.believed import believed
from sotto_server.usecases.record_decision import Happening, record_statement
from sotto_wire.questions import Event

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.domain.question import Question
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def expire_questions(unit: Unit, limit: int, *, now: Millis, signer: Signer) -> int:
    """Up to `limit` of them. Clients compute expiry from the decision itself; whoever is still in, the customer's device removes."""
    due = unit.questions.due("ends_at", at=now, limit=limit)
    for each in due:
        _expire(unit, each, now=now, signer=signer)
    return len(due)


def _expire(unit: Unit, question: Question, *, now: Millis, signer: Signer) -> None:
    conversation = unit.mail.by_key(question.conversation)
    assert conversation is not None, "a question goes with its conversation"
    unit.questions.put(question.after(Event.EXPIRE, now=now))
    statement = Statement(
        org=believed(unit).org,
        conversation=to_base64url(conversation.id),
        event="expire",
        subject=(question.decision or question.request).hex(),
        at=now,
    )
    envelope = sign_event(statement, signer)
    what = Happening(Event.EXPIRE.value, conversation.id, subject=question.request, request=question.request)
    record_statement(unit, what, envelope=envelope, digest=parse_envelope(envelope).digest, now=now)
    unit.ring(look_at(conversation.id, conversation.readers()))
