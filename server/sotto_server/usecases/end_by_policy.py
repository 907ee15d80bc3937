"""Another policy is in force: decisions about purposes that it widens, or no longer has, end in this very transaction.

What the chat needs goes on under the terms it was opened with; people are told of the difference by their own devices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.request import Request
from sotto_server.usecases.organisation import policy_held
from sotto_server.usecases.shut_guest_out import shut_guest_out
from sotto_server.usecases.state_ending import state_ending
from sotto_wire.ids import Digest
from sotto_wire.questions import Event, Standing

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.domain.question import Question
    from sotto_server.ports import PolicyReader, Unit
    from sotto_wire.ids import Millis


def end_by_policy(unit: Unit, _: None, /, *, now: Millis, signer: Signer, policies: PolicyReader) -> int:
    """How many ended. Once after each change is enough: under the new policy nobody may ask for those purposes in an old conversation."""
    in_force = policy_held(unit, None, now=now)
    if in_force is None:
        return 0
    alive = (
        *unit.questions.find(standing=Standing.GIVEN.value),
        *unit.questions.find(standing=Standing.REQUESTED.value),
    )
    ended = [each for each in alive if _is_ended(unit, each, new=in_force.body, policies=policies)]
    for each in ended:
        _end(unit, each, now=now, signer=signer)
    return len(ended)


def _is_ended(unit: Unit, question: Question, *, new: bytes, policies: PolicyReader) -> bool:
    asked = strict_json.read(parse_envelope(question.body).payload, Request)
    old = unit.policies.get(Digest(bytes.fromhex(asked.policy_digest)))
    return old is not None and question.purpose in policies.ended(old.body, new)


def _end(unit: Unit, question: Question, *, now: Millis, signer: Signer) -> None:
    if question.is_open:
        state_ending(unit, question, Event.EXPIRE, now=now, signer=signer)
        return
    conversation = state_ending(unit, question, Event.INVALIDATE, now=now, signer=signer)
    shut_guest_out(unit, conversation, question.device, now=now)
