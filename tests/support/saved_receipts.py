"""A receipt bundle as a customer's device saves it, in parts that a test can change one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace
from tests.vectors.policy_cases import EXAMPLE
from tests.vectors.trust_world import (
    DAY,
    NOW,
    ORG,
    World,
    credential_document,
    document_bytes,
    key,
    sign,
    trust_document,
)

from sotto_keys.shared import strict_json
from sotto_keys.shared.card import card_of
from sotto_keys.shared.credential import Credential
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import CREDENTIAL_TYPE
from sotto_keys.shared.policy.notice_text import START, notice_text
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.receipt import Receipt, sign_receipt
from sotto_keys.shared.receipt_bundle import ReceiptBundle, SavedDecision, SavedReader, SavedStatement, sign_bundle
from sotto_keys.shared.request import Request
from sotto_keys.shared.text_forms import digest_of, to_base64url
from sotto_keys.shared.withdrawal import sign_withdrawal
from sotto_wire.claims import DecisionClaims, DeviceAdmission, Signed, TeamAdmission, WithdrawalClaims
from sotto_wire.moments import Moment

POLICY: Final = EXAMPLE.read_bytes()
SHOWN: Final = notice_text(read_policy(POLICY), START, desk="support", language="en")
CONVERSATION: Final = bytes(range(16))
CUSTOMER: Final = key("customer")
WORLD: Final = World().with_trust(
    trust_document(policies=[{"digest": digest_of(POLICY).hex(), "nbf": NOW - DAY, "exp": NOW + DAY}])
)
CLAIMS: Final = DecisionClaims(
    conversation=CONVERSATION,
    customer_key=CUSTOMER.public,
    answer="given",
    admits=TeamAdmission(desk="support"),
    purpose="support",
    history="new_messages",
    policy_digest=digest_of(POLICY),
    notice_digest=SHOWN.digest,
    decided_at=NOW,
    expires_at=NOW + DAY,
    nonce=bytes(16),
    request=None,
)


def statement(signed: Signed, *, receipt: bytes | None) -> SavedStatement:
    """As it stands in the file."""
    kept = None if receipt is None else to_base64url(receipt)
    return SavedStatement(claims=to_base64url(signed.claims), signature=to_base64url(signed.signature), receipt=kept)


def receipted(signed: Signed, *, by: str = "statement-a", **changes: object) -> bytes:
    """The relay's receipt for it."""
    receipt = Receipt(
        org=ORG,
        conversation=to_base64url(CONVERSATION),
        decision_digest=digest_of(signed.claims).hex(),
        request_digest=None,
        received_at=NOW + 40,
        ledger_index=1,
    )
    return sign_receipt(replace(receipt, **changes), key(by))


@dataclass(frozen=True)
class Saved:
    """A file in the making; `bytes` is what lies on the disk."""

    claims: DecisionClaims = CLAIMS
    shown: tuple[str, ...] = SHOWN.paragraphs
    decided_by: str = "customer"
    receipt: dict[str, object] = field(default_factory=dict)
    receipt_by: str = "statement-a"
    bundle: dict[str, object] = field(default_factory=dict)
    reader: bytes = field(default_factory=lambda: sign(CREDENTIAL_TYPE, credential_document(), "issuing-a"))

    def parts(self) -> ReceiptBundle:
        signed = sign_decision(replace(self.claims, customer_key=key(self.decided_by).public), key(self.decided_by))
        envelope = receipted(signed, by=self.receipt_by, **self.receipt)
        saved = SavedDecision(decided=statement(signed, receipt=envelope), shown=list(self.shown))
        bundle = ReceiptBundle(
            profile="sotto-receipts/1",
            saved_at=NOW + DAY,
            conversation=to_base64url(CONVERSATION),
            customer_key=to_base64url(CUSTOMER.public),
            trust=to_base64url(WORLD.bundle().to_bytes()),
            policies=[to_base64url(POLICY)],
            decisions=[saved],
            readers=[SavedReader(credential=to_base64url(self.reader), since=NOW + 90)],
        )
        return replace(bundle, **self.bundle)

    def bytes(self) -> bytes:
        return sign_bundle(self.parts(), CUSTOMER)


GUEST: Final = credential_document(
    "device-sue", cred_id="sue-1", person="sue", name="Sue", roles=["supervisor"], desks=["support"]
)
MOMENT: Final = "supervisor_help"


def asked(*, moment: str = MOMENT, credential: bytes | None = None, **changes: object) -> SavedDecision:
    """A yes to letting Sue in, with its receipt and withdrawal; `changes` to its claims, for `moment` as the file says it."""
    sue = strict_json.read(document_bytes(GUEST), Credential)
    card = card_of(POLICY, MOMENT, desk="support", newcomer=sue)
    one = DeviceAdmission(credential=sue.cred_id, leaf_key=sue.device_key)
    about = replace(CLAIMS, admits=one, notice_digest=card.digest, request=bytes(32), nonce=b"n" * 16)
    signed = sign_decision(replace(about, **changes), CUSTOMER)
    return SavedDecision(
        decided=statement(signed, receipt=receipted(signed, ledger_index=2)),
        shown=list(card.paragraphs),
        moment=moment,
        credential=to_base64url(credential or sign(CREDENTIAL_TYPE, GUEST, "issuing-a")),
        withdrawn=ending(digest_of(signed.claims)),
    )


ASSISTANT: Final = credential_document(
    "device-steam", cred_id="steam-1", person="steam", name="Steam", kind="bot", roles=[], desks=["support"]
)
QUESTION: Final = Request(
    org=ORG,
    conversation=to_base64url(CONVERSATION),
    moment="ai_assistant",
    purpose="ai_assistant",
    credential="steam-1",
    leaf_key=to_base64url(key("device-steam").public),
    asked_by="ana-1",
    history="new_messages",
    policy_digest=digest_of(POLICY).hex(),
    requested_at=NOW + 1000,
    expires_at=NOW + DAY,
    nonce=to_base64url(b"q" * 16),
)
"""The relay's question about an assistant."""
STEAM: Final = strict_json.read(document_bytes(ASSISTANT), Credential)
CARD: Final = card_of(POLICY, "ai_assistant", desk="support", newcomer=STEAM)
ANSWER: Final = replace(
    CLAIMS,
    admits=DeviceAdmission(credential="steam-1", leaf_key=key("device-steam").public),
    purpose="ai_assistant",
    notice_digest=CARD.digest,
    decided_at=NOW + 61_500,
    request=digest_of(strict_json.write(QUESTION)),
    nonce=b"a" * 16,
)
"""A yes to it: for the rest of the conversation's day, which is less than the policy's thirty."""


def assistant(answer: DecisionClaims = ANSWER, *, withdrawn: bool = True) -> SavedDecision:
    """An answer about the assistant as the file has it, withdrawn or not."""
    signed = sign_decision(answer, CUSTOMER)
    return SavedDecision(
        decided=statement(signed, receipt=receipted(signed, ledger_index=2)),
        shown=list(CARD.paragraphs),
        moment="ai_assistant",
        credential=to_base64url(sign(CREDENTIAL_TYPE, ASSISTANT, "issuing-a")),
        withdrawn=ending(digest_of(signed.claims)) if withdrawn else None,
    )


LONGER: Final = notice_text(read_policy(POLICY), Moment.LONGER_TIME, desk="support", language="en")


def kept_open(*, by: str = "customer", at: int = NOW + DAY // 2, **changes: object) -> SavedDecision:
    """Half a day later, that the chat stays open for a day from then on."""
    about = replace(CLAIMS, notice_digest=LONGER.digest, decided_at=at, expires_at=at + DAY, nonce=b"l" * 16)
    claims = replace(about, customer_key=key(by).public)
    signed = sign_decision(replace(claims, **changes), key(by))
    return SavedDecision(
        decided=statement(signed, receipt=receipted(signed, ledger_index=4)),
        shown=list(LONGER.paragraphs),
        moment=Moment.LONGER_TIME.value,
    )


def ending(decision: bytes) -> SavedStatement:
    """The customer's withdrawal of it."""
    claims = WithdrawalClaims(
        conversation=CONVERSATION,
        customer_key=CUSTOMER.public,
        decision=decision,
        withdrawn_at=NOW + 99,
        nonce=bytes(16),
    )
    signed = sign_withdrawal(claims, CUSTOMER)
    return statement(signed, receipt=receipted(signed, ledger_index=3))


def with_guest(*others: SavedDecision) -> bytes:
    """The file with the start decision and these."""
    whole = Saved().parts()
    return sign_bundle(replace(whole, decisions=[*whole.decisions, *others]), CUSTOMER)
