"""Histories of questions as they were signed, and the records that follow from them: every state, with and without consent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from tests.support.saved_receipts import ANSWER, CLAIMS, CONVERSATION, CUSTOMER, POLICY, QUESTION
from tests.vectors.trust_world import HOUR, NOW, ORG

from sotto_keys.shared import strict_json
from sotto_keys.shared.record.events import Step, Subject, records_of
from sotto_keys.shared.request import Event as Ending
from sotto_keys.shared.request import Request
from sotto_keys.shared.text_forms import digest_of, to_base64url
from sotto_wire.claims import DecisionClaims, WithdrawalClaims
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from collections.abc import Sequence

Said = Request | DecisionClaims | WithdrawalClaims | Ending

HELP: Final = replace(QUESTION, moment="supervisor_help", purpose="support")
"""The relay's question to let a supervisor in, for the purpose the chat was started for."""
COME_IN: Final = replace(ANSWER, purpose="support", request=digest_of(strict_json.write(HELP)))


def ended(decided: DecisionClaims) -> WithdrawalClaims:
    """The customer's withdrawal of it, a minute later."""
    return WithdrawalClaims(
        conversation=CONVERSATION,
        customer_key=CUSTOMER.public,
        decision=digest_of(encode_claims(decided)),
        withdrawn_at=decided.decided_at + 60_000,
        nonce=b"w" * 16,
    )


def over(subject: bytes, event: str = "expire") -> Ending:
    """The relay's word that it is over."""
    return Ending(
        org=ORG,
        conversation=to_base64url(CONVERSATION),
        event=event,  # type: ignore[arg-type]
        subject=digest_of(subject).hex(),
        at=NOW + 25 * HOUR,
    )


def _histories(asked: Request, yes: DecisionClaims) -> dict[str, tuple[Said, ...]]:
    given = encode_claims(yes)
    return {
        "given and withdrawn": (asked, yes, ended(yes)),
        "refused": (asked, replace(yes, answer="refused")),
        "deferred, asked again and refused": (
            asked,
            replace(yes, answer="deferred"),
            replace(asked, requested_at=asked.requested_at + HOUR),
            replace(yes, answer="refused", decided_at=yes.decided_at + HOUR),
        ),
        "never answered": (asked, over(strict_json.write(asked))),
        "given until it ran out": (asked, yes, over(given)),
        "invalidated": (asked, yes, over(given, "invalidate")),
        "renewed": (asked, yes, replace(yes, decided_at=yes.decided_at + HOUR, nonce=b"r" * 16)),
    }


CONSENT: Final = _histories(QUESTION, ANSWER)
"""About an assistant, by the purpose whose basis is consent."""
NOTICE: Final = _histories(HELP, COME_IN)
"""About a supervisor's help, by the purpose whose basis is a contract."""
START: Final[tuple[Said, ...]] = (CLAIMS,)


def subject(moment: str) -> Subject:
    """The demo's customer at the desk for support."""
    return Subject(
        org=ORG,
        customer_key=CUSTOMER.public,
        desk="support",
        moment=moment,
        policies={digest_of(POLICY): POLICY},
    )


def octets_of(said: Said) -> bytes:
    """What was signed."""
    return strict_json.write(said) if isinstance(said, Request | Ending) else encode_claims(said)


def steps(history: Sequence[Said], language: str = "en") -> list[Step]:
    """As whoever checked the signatures passes them on."""
    return [
        Step(each, digest_of(octets_of(each)), language if isinstance(each, DecisionClaims) else None)
        for each in history
    ]


def moment_of(history: Sequence[Said]) -> str:
    return history[0].moment if isinstance(history[0], Request) else "start"


def record_vectors() -> list[dict[str, object]]:
    """The payloads that were signed and the records of them, byte for byte. The policy is the demo's."""
    told = {
        "start": START,
        **{f"consent: {name}": history for name, history in CONSENT.items()},
        "notice: given and withdrawn": NOTICE["given and withdrawn"],
    }
    return [
        {
            "name": name,
            "org": ORG,
            "customer_key": CUSTOMER.public.hex(),
            "desk": "support",
            "moment": moment_of(history),
            "language": "en",
            "signed": [octets_of(each).hex() for each in history],
            "records": [each.to_bytes().decode() for each in records_of(subject(moment_of(history)), steps(history))],
        }
        for name, history in told.items()
    ]
