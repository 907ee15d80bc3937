"""An agent asks the customer to let one device in: the relay signs the question and shows it; who comes in is the customer's decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.request import Request, sign_request
from sotto_keys.shared.text_forms import to_base64url
from sotto_server.domain.question import Question
from sotto_server.domain.rings import look_at
from sotto_server.usecases.answering import claim_package
from sotto_server.usecases.believed import believed
from sotto_server.usecases.candidates import allowed, asking_in, candidate, terms_in
from sotto_server.usecases.record_decision import Happening, record_statement
from sotto_server.usecases.standing import require_credential
from sotto_wire.frames import AskCustomer, Requested
from sotto_wire.ids import CONVERSATION_ID_BYTES, DeviceKey, Millis
from sotto_wire.limits import OPTIONAL_EVERY_MS, OPTIONAL_PER_CONVERSATION, REQUEST_LIFE_MS, ROSTER_LEAVES
from sotto_wire.moments import MOMENTS, Moment
from sotto_wire.questions import Event, Standing
from sotto_wire.refusals import NoCredential, RosterFull, TooFast, WrongStage

if TYPE_CHECKING:
    from sotto_keys.shared.card import Terms
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.secret import Signer
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Entropy, PolicyReader, Unit


def ask_customer(
    unit: Unit, asked: Asked[AskCustomer], /, *, now: Millis, signer: Signer, entropy: Entropy, policies: PolicyReader
) -> Requested:
    """Refuses as `find_candidates` does, and with `NoCredential`, `NoKeyPackage`, `RosterFull`, `TooFast`, `WrongStage` (one is open).

    The same question again while it is open gets the same answer.
    """
    frame, by = asked.frame, asked.by
    conversation = asking_in(unit, frame.conversation, by=by, now=now)
    terms = allowed(unit, conversation, frame.moment, policies=policies, now=now)
    earlier = unit.questions.find(conversation=conversation.key)
    for each in earlier:
        if each.is_open and (each.moment, each.device) == (frame.moment, frame.device):
            return Requested(ref=frame.ref, request=each.body)
    _check(earlier, frame, terms=terms, now=now)
    if len(conversation.current()) >= ROSTER_LEAVES:
        raise RosterFull("nobody else fits in")
    credential = _candidate(unit, frame, conversation=conversation, terms=terms, now=now)
    package = claim_package(unit, DeviceKey(frame.device), now=now)
    request = Request(
        org=believed(unit).org,
        conversation=to_base64url(conversation.id),
        moment=frame.moment,
        purpose=terms.purpose,
        credential=credential.cred_id,
        leaf_key=credential.leaf_key,
        asked_by=require_credential(unit, by.device, now=now).credential,
        history=frame.history,
        policy_digest=terms_in(unit, conversation).policy_digest.hex(),
        requested_at=now,
        expires_at=Millis(min(now + REQUEST_LIFE_MS, conversation.closes_at)),
        nonce=to_base64url(entropy(CONVERSATION_ID_BYTES)),
    )
    body = sign_request(request, signer)
    _keep(unit, conversation, request=request, body=body, package=package.package, by=by.device, now=now)
    return Requested(ref=frame.ref, request=body)


def _keep(
    unit: Unit,
    conversation: Conversation,
    *,
    request: Request,
    body: bytes,
    package: bytes,
    by: DeviceKey,
    now: Millis,
) -> None:
    digest = parse_envelope(body).digest
    entry = next(each for each in unit.credentials.find(credential=request.credential))
    unit.questions.add(
        Question(
            conversation=conversation.key,
            request=digest,
            moment=request.moment,
            purpose=request.purpose,
            device=entry.device,
            credential=request.credential,
            asked_by=by,
            body=body,
            package=package,
            standing=Standing.REQUESTED.value,
            decision=None,
            asked_at=now,
            changed_at=now,
            ends_at=Millis(request.expires_at),
        )
    )
    unit.mail.keep(replace(conversation, asked_at=now))
    what = Happening(Event.REQUEST.value, conversation.id, subject=digest, request=digest)
    record_statement(unit, what, envelope=body, digest=digest, now=now)
    unit.ring(look_at(conversation.id, {each.device for each in conversation.current()}))


def _candidate(unit: Unit, frame: AskCustomer, *, conversation: Conversation, terms: Terms, now: Millis) -> Credential:
    entry = require_credential(unit, DeviceKey(frame.device), now=now)
    found = candidate(unit, entry, conversation=conversation, terms=terms, now=now)
    if found is None:
        raise NoCredential("not a device that this moment lets in")
    return found


def _check(earlier: list[Question], frame: AskCustomer, *, terms: Terms, now: Millis) -> None:
    """One question at a time; the same one not soon again; those the chat can do without rarely, and not after a no."""
    if any(each.is_open for each in earlier):
        raise WrongStage("a question is open")
    same = [each for each in earlier if _is_same(each, frame, terms)]
    ends = [each.asks_again_at(refused_for_ms=terms.refused_for_ms) for each in same]
    optional = [each.asked_at for each in earlier if MOMENTS[Moment(each.moment)].is_optional]
    if terms.row.is_optional and optional:
        ends.append(Millis(max(optional) + OPTIONAL_EVERY_MS))
        if len(optional) >= OPTIONAL_PER_CONVERSATION:
            raise TooFast("asked often enough", retry_after_ms=REQUEST_LIFE_MS)
    if ends and now < max(ends):
        raise TooFast("asked before", retry_after_ms=min(max(ends) - now, REQUEST_LIFE_MS))


def _is_same(question: Question, frame: AskCustomer, terms: Terms) -> bool:
    if question.standing == Standing.GIVEN:
        return False
    if question.standing == Standing.WITHDRAWN:
        # Whoever was sent away is not asked for again: that would be the customer's own act.
        return question.device == frame.device or terms.row.is_optional
    return question.moment == frame.moment if not terms.row.is_optional else question.purpose == terms.purpose
