"""A receipt bundle as a customer's device saves it, in parts that a test can change one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace
from tests.vectors.policy_cases import EXAMPLE
from tests.vectors.trust_world import DAY, NOW, ORG, World, credential_document, key, sign, trust_document

from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import CREDENTIAL_TYPE
from sotto_keys.shared.policy.notice_text import START, notice_text
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.receipt import Receipt, sign_receipt
from sotto_keys.shared.receipt_bundle import ReceiptBundle, SavedDecision, SavedReader, sign_bundle
from sotto_keys.shared.text_forms import digest_of, to_base64url
from sotto_wire.claims import DecisionClaims, TeamAdmission

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
        receipt = Receipt(
            org=ORG,
            conversation=to_base64url(CONVERSATION),
            decision_digest=digest_of(signed.claims).hex(),
            request_digest=None,
            received_at=NOW + 40,
            ledger_index=1,
        )
        envelope = sign_receipt(replace(receipt, **self.receipt), key(self.receipt_by))
        saved = SavedDecision(
            claims=to_base64url(signed.claims),
            signature=to_base64url(signed.signature),
            shown=list(self.shown),
            receipt=to_base64url(envelope),
        )
        bundle = ReceiptBundle(
            profile="sotto-receipts/1",
            saved_at=NOW + DAY,
            conversation=to_base64url(CONVERSATION),
            customer_key=to_base64url(CUSTOMER.public),
            trust=to_base64url(WORLD.bundle().to_bytes()),
            policies=[to_base64url(POLICY)],
            decisions=[saved],
            readers=[SavedReader(credential=to_base64url(self.reader), since=NOW + 90, until=None)],
        )
        return replace(bundle, **self.bundle)

    def bytes(self) -> bytes:
        return sign_bundle(self.parts(), CUSTOMER)
