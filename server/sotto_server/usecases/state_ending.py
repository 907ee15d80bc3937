"""What the relay itself says of a question: that time, or a wider policy, ended it. It can never say that one was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

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
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.question import Question
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def state_ending(
    unit: Unit, question: Question, event: Literal[Event.EXPIRE, Event.INVALIDATE], *, now: Millis, signer: Signer
) -> Conversation:
    """Keep it, state it in the ledger, tell the members; the answer is the conversation it was asked in."""
    conversation = unit.mail.by_key(question.conversation)
    assert conversation is not None, "a question goes with its conversation"
    unit.questions.put(question.after(event, now=now))
    statement = Statement(
        org=believed(unit).org,
        conversation=to_base64url(conversation.id),
        event="expire" if event is Event.EXPIRE else "invalidate",
        subject=(question.decision or question.request).hex(),
        at=now,
    )
    envelope = sign_event(statement, signer)
    what = Happening(event.value, conversation.id, subject=question.request, request=question.request)
    record_statement(unit, what, envelope=envelope, digest=parse_envelope(envelope).digest, now=now)
    unit.ring(look_at(conversation.id, conversation.readers()))
    return conversation
