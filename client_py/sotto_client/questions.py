"""Questions to a customer who is a program: judged here whatever the relay says, answered by the program, carried out, withdrawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from sotto_keys.shared.card import card_of, terms_of
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.mls.gate_adds import judge_device
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.request import open_request
from sotto_keys.shared.text_forms import digest_of, from_base64url
from sotto_keys.shared.untrusted import Inconsistent, Lapsed, Malformed
from sotto_keys.shared.withdrawal import sign_withdrawal
from sotto_wire.claims import Bytes32, DecisionClaims, DeviceAdmission, Signed, WithdrawalClaims
from sotto_wire.codec import decode_claims
from sotto_wire.ids import Millis
from sotto_wire.limits import OPTIONAL_EVERY_MS, OPTIONAL_PER_CONVERSATION
from sotto_wire.moments import fits, may_serve, row_of
from sotto_wire.refusals import NotAdmitted, NotOffered, TooFast

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sotto_client.conversation import Conversation
    from sotto_keys.shared.card import Terms
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.frames import CustomerAsked
    from sotto_wire.ids import Digest

RECORD: Final = "decisions"
NONCE_BYTES: Final = 16

Answer = Literal["given", "refused", "deferred"]


@dataclass(frozen=True, slots=True)
class Question:
    """What the program is asked. `paragraphs` are the exact words that the decision binds."""

    moment: str
    newcomer: Credential
    paragraphs: tuple[str, ...]
    terms: Terms
    request: Digest
    asked_at: Millis
    notice_digest: Digest
    package: KeyPackage


class Decided(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One answered question, as it is kept."""

    request: Bytes32
    moment: str
    asked_at: int
    device: Bytes32
    package: bytes
    answer: Answer
    decision: Signed
    expires_at: int
    receipt: bytes | None = None
    joined: bool = False
    withdrawal: Signed | None = None
    withdrawal_receipt: bytes | None = None
    invalidated_at: int = 0
    """When another policy ended it; 0 where none did."""

    @property
    def is_alive(self) -> bool:
        """Given, and neither withdrawn nor ended by another policy."""
        return self.answer == "given" and self.withdrawal is None and self.invalidated_at == 0

    @property
    def purpose(self) -> str:
        return decode_claims(self.decision.claims, DecisionClaims).purpose

    @property
    def customer_key(self) -> bytes:
        """Of the group in which it was decided."""
        return decode_claims(self.decision.claims, DecisionClaims).customer_key

    @property
    def digest(self) -> Digest:
        return digest_of(self.decision.claims)


def parse_decisions(octets: bytes | None) -> tuple[Decided, ...]:
    """What was kept, or `Malformed`."""
    if octets is None:
        return ()
    try:
        return tuple(msgspec.msgpack.decode(octets, type=list[Decided]))
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None


def judge_question(
    frame: CustomerAsked,
    conversation: Conversation,
    *,
    policy: bytes,
    trust: TrustState,
    now: Millis,
    answered: Sequence[Decided],
    ended: Collection[str] = (),
) -> Question:
    """The relay's word is believed in nothing: any `Refused` or `Untrusted` where something does not hold."""
    envelope = parse_envelope(frame.request)
    request, terms = open_request(envelope, trust.trust), conversation.terms
    if request.org != trust.org or from_base64url(request.conversation) != conversation.id:
        raise Inconsistent("a request of another conversation")
    if request.policy_digest != terms.policy_digest.hex() or digest_of(policy) != terms.policy_digest:
        raise Inconsistent("a request under another policy")
    if now >= request.expires_at:
        raise Lapsed("a request that is over")
    package = parse_key_package(frame.key_package)
    newcomer = judge_device(package, trust=trust, at=Millis(max(now, conversation.memory.committed_at)))
    asked_for = (request.credential, from_base64url(request.leaf_key))
    is_in = conversation.member.group.find(newcomer.device_key) is not None
    if (newcomer.cred_id, newcomer.device_key) != asked_for or is_in:
        raise Inconsistent("a request about another device")
    asked = terms_of(policy, request.moment)
    _check_whom(newcomer, asked, purpose=request.purpose, desk=terms.desk)
    _check_may_be_asked(asked, answered, ended=ended, now=now)
    card = card_of(policy, request.moment, desk=terms.desk, newcomer=newcomer)
    return Question(
        moment=request.moment,
        newcomer=newcomer,
        paragraphs=card.paragraphs,
        terms=asked,
        request=envelope.digest,
        asked_at=Millis(request.requested_at),
        notice_digest=card.digest,
        package=package,
    )


def _check_whom(newcomer: Credential, terms: Terms, *, purpose: str, desk: str) -> None:
    kind, roles = newcomer.kind, newcomer.roles
    guest = terms.row.guest
    assert guest is not None, "terms_of refuses a moment that lets nobody in"
    may_come = fits(guest, kind=kind, roles=roles, desks=newcomer.desks, desk=desk)
    if not may_come or purpose != terms.purpose or not may_serve(purpose, kind=kind, roles=roles):
        raise NotAdmitted("not whom the moment lets in")


def _check_may_be_asked(terms: Terms, answered: Sequence[Decided], *, ended: Collection[str], now: Millis) -> None:
    """Not what another policy has ended; and what the chat can do without is asked rarely, whatever the relay says."""
    if terms.purpose in ended:
        raise NotOffered("the policy in force asks for more than these terms")
    if not terms.row.is_optional:
        return
    optional = [each for each in answered if (row := row_of(each.moment)) is not None and row.is_optional]
    too_soon = any(now - each.asked_at < OPTIONAL_EVERY_MS for each in optional)
    if too_soon or len(optional) >= OPTIONAL_PER_CONVERSATION:
        raise TooFast("asked often enough")


def decide(
    question: Question,
    answer: Answer,
    conversation: Conversation,
    *,
    key: SecretSigningKey,
    now: Millis,
    entropy: Callable[[int], bytes],
) -> Decided:
    """The program's answer, signed."""
    newcomer, valid = question.newcomer, question.terms.valid_for_ms
    ends = conversation.closes_at if valid is None else min(conversation.closes_at, now + valid)
    claims = DecisionClaims(
        conversation=conversation.id,
        customer_key=key.public,
        answer=answer,
        admits=DeviceAdmission(credential=newcomer.cred_id, leaf_key=newcomer.device_key),
        purpose=question.terms.purpose,
        history="new_messages",
        policy_digest=conversation.terms.policy_digest,
        notice_digest=question.notice_digest,
        decided_at=now,
        expires_at=ends,
        nonce=entropy(NONCE_BYTES),
        request=question.request,
    )
    return Decided(
        request=question.request,
        moment=question.moment,
        asked_at=question.asked_at,
        device=newcomer.device_key,
        package=question.package.to_message(),
        answer=answer,
        decision=sign_decision(claims, key),
        expires_at=ends,
    )


def withdrawn(
    decided: Decided,
    conversation: Conversation,
    *,
    key: SecretSigningKey,
    now: Millis,
    entropy: Callable[[int], bytes],
) -> tuple[Decided, Conversation]:
    """The decision with its signed withdrawal, and the conversation in which nothing is encrypted for its device any more."""
    claims = WithdrawalClaims(
        conversation=conversation.id,
        customer_key=key.public,
        decision=decided.digest,
        withdrawn_at=now,
        nonce=entropy(NONCE_BYTES),
    )
    ended = msgspec.structs.replace(decided, withdrawal=sign_withdrawal(claims, key))
    return ended, replace(conversation, withdrawn=(*conversation.withdrawn, decided.digest))
