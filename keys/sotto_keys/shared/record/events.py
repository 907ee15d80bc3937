"""From the signed statements about one subject to its records. Pure: the same statements are the same records, so nobody keeps them.

A record says again what was signed and what the policy file says, under the field names of ISO/IEC TS 27560:2023 (docs/protocol.md 2.8).
It takes over nothing that no signature holds: no address of a device, no program's name, no page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never
from uuid import UUID

from sotto_keys.shared.dsse import DECISION_TYPE, EVENT_TYPE, REQUEST_TYPE, WITHDRAW_TYPE
from sotto_keys.shared.policy.notice_text import START
from sotto_keys.shared.policy.reading import notice_of, purpose_of, read_policy
from sotto_keys.shared.record.processing import About, named, parties_of, processing_of
from sotto_keys.shared.record.shape import Record, RecordedEvent, StatementTold
from sotto_keys.shared.record.terms import CONSENT_STATES, CONTEXT, NOTICE_STATES, SCHEMA, duration, utc
from sotto_keys.shared.request import Event as Ending
from sotto_keys.shared.request import Request
from sotto_keys.shared.text_forms import digest_of, to_base64url
from sotto_keys.shared.untrusted import Inconsistent
from sotto_wire.claims import DecisionClaims, WithdrawalClaims
from sotto_wire.ids import Digest
from sotto_wire.questions import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NOTHING: Final = duration(0)
ANSWERS: Final[Mapping[str, Event]] = {"given": Event.GIVE, "refused": Event.REFUSE, "deferred": Event.DEFER}
ENDINGS: Final[Mapping[str, Event]] = {"expire": Event.EXPIRE, "invalidate": Event.INVALIDATE}


@dataclass(frozen=True, slots=True)
class Step:
    """One statement whose signature was checked before, and its name. `language`: of the words that a decision signed, where known."""

    said: Request | DecisionClaims | WithdrawalClaims | Ending
    digest: Digest
    language: str | None = None
    moment: str | None = None
    """Whose words it was about, where they are not those of the subject: a chat that is kept open."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What all steps of one question, or of one start, have in common. `policies`: the files' bytes by digest."""

    org: str
    customer_key: bytes
    desk: str
    """Of the conversation."""
    moment: str
    policies: Mapping[bytes, bytes]


def records_of(subject: Subject, steps: Iterable[Step]) -> tuple[Record, ...]:
    """A record for each step, in their order, each naming the one before.

    A yes while a yes stands renews it. `Inconsistent` for a policy, purpose or notice that is not at hand, and for an ending of
    nothing; `Malformed` for a time beyond the calendar.
    """
    records: list[Record] = []
    about: About | None = None
    standing: Event | None = None
    for step in steps:
        about = _about(subject, step, about)
        standing = _event_of(step.said, standing)
        previous = named(records[-1].digest) if records else None
        records.append(_record(subject, step, about=about, event=standing, previous=previous))
    return tuple(records)


def _event_of(said: Request | DecisionClaims | WithdrawalClaims | Ending, standing: Event | None) -> Event:
    match said:
        case Request():
            return Event.REQUEST
        case DecisionClaims(answer="given") if standing in (Event.GIVE, Event.RENEW):
            return Event.RENEW
        case DecisionClaims():
            return ANSWERS[said.answer]
        case WithdrawalClaims():
            return Event.WITHDRAW
        case Ending():
            return ENDINGS[said.event]
        case _:  # pragma: no cover
            assert_never(said)


def _about(subject: Subject, step: Step, before: About | None) -> About:
    """Records rest on what was signed until then, never on what came later: else a later answer would change an earlier record."""
    match step.said:
        case Request(policy_digest=policy_digest, purpose=purpose):
            return _asked(subject, Digest(bytes.fromhex(policy_digest)), purpose, moment=subject.moment)
        case DecisionClaims(policy_digest=policy_digest, purpose=purpose, notice_digest=words):
            asked = _asked(subject, Digest(policy_digest), purpose, moment=step.moment or subject.moment)
            return replace(asked, language=step.language, notice_digest=Digest(words))
        case _ if before is None:
            raise Inconsistent("an ending of nothing")
        case _:
            return before


def _asked(subject: Subject, policy_digest: Digest, purpose: str, *, moment: str) -> About:
    octets = subject.policies.get(policy_digest)
    if octets is None:
        raise Inconsistent("the policy of a statement is not at hand")
    policy = read_policy(octets)
    found, notice = purpose_of(policy, purpose), notice_of(policy, moment)
    if found is None or notice is None:
        raise Inconsistent("a purpose or a question that the policy does not have")
    return About(
        org=subject.org,
        desk=subject.desk,
        policy=policy,
        policy_digest=policy_digest,
        purpose=found,
        notice=notice,
        language=None,
        notice_digest=None,
    )


def _record(subject: Subject, step: Step, *, about: About, event: Event, previous: str | None) -> Record:
    is_consent = about.is_consent
    return Record(
        context=CONTEXT,
        schema_version=SCHEMA if is_consent else None,
        profile="sotto-consent/1" if is_consent else "sotto-notice/1",
        record_type=None if is_consent else "notice_acknowledgement",
        record_id=record_id(step.digest),
        pii_principal_id=named(digest_of(subject.customer_key)),
        pii_processing=processing_of(about),
        parties=parties_of(about),
        event=_recorded(subject, step, about=about, event=event, previous=previous),
    )


def record_id(digest: Digest) -> str:
    """The first 16 bytes of the statement's digest as a UUID of version 8 (RFC 9562 5.8): 122 bits of it stay."""
    octets = bytearray(digest[:16])
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(octets)))


def _recorded(subject: Subject, step: Step, *, about: About, event: Event, previous: str | None) -> RecordedEvent:
    consent = about.purpose.consent
    kind = "dpv:ExplicitlyExpressedConsent" if consent and consent.explicit else "dpv:ExpressedConsent"
    told = _Told.of(step.said, moment=subject.moment)
    return RecordedEvent(
        event_state=(CONSENT_STATES if about.is_consent else NOTICE_STATES)[event],
        event_type=kind if about.is_consent else None,
        event_time=utc(told.at),
        validity_duration=told.counts,
        entity_id="pii_controller" if told.indicated is None else "pii_principal",
        indication_method=told.indicated,
        previous=previous,
        nonce=told.nonce,
        statement=StatementTold(type=told.type, digest=named(step.digest), answers=told.answers),
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What a statement says of itself."""

    type: str
    at: int
    counts: str = NOTHING
    indicated: str | None = None
    """What the customer did; none: the relay signed."""
    nonce: str | None = None
    answers: str | None = None

    @classmethod
    def of(cls, said: Request | DecisionClaims | WithdrawalClaims | Ending, *, moment: str) -> _Told:
        match said:
            case Request(requested_at=at, expires_at=ends):
                return cls(REQUEST_TYPE, at, counts=duration(ends - at), nonce=said.nonce)
            case DecisionClaims(decided_at=at, expires_at=ends, nonce=nonce):
                return cls(
                    DECISION_TYPE,
                    at,
                    counts=duration(ends - at) if said.answer == "given" else NOTHING,
                    indicated=_indicated(said.answer, among=() if moment == START else tuple(ANSWERS)),
                    nonce=to_base64url(nonce),
                    answers=None if said.request is None else named(Digest(said.request)),
                )
            case WithdrawalClaims(withdrawn_at=at, nonce=nonce):
                return cls(WITHDRAW_TYPE, at, indicated=_indicated("withdrawn", among=()), nonce=to_base64url(nonce))
            case Ending(at=at):
                return cls(EVENT_TYPE, at)
            case _:  # pragma: no cover
                assert_never(said)


def _indicated(answer: str, *, among: tuple[str, ...]) -> str:
    """A signature by the customer's device. By which button is not in it, and without it there is no answer: no default exists."""
    alternatives = f"; alternatives=[{','.join(among)}]" if among else ""
    return f"signature:{answer}{alternatives}; default=none"
