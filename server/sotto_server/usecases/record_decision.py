"""Put a decision into the ledger, once, and sign the receipt for it. The receipt is evidence; nothing waits for it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from sotto_keys.shared.receipt import Receipt, sign_receipt
from sotto_keys.shared.text_forms import to_base64url
from sotto_server.domain.ledger import LedgerEntry
from sotto_server.usecases.believed import believed
from sotto_wire.codec import encode_claims
from sotto_wire.ids import ConversationId, Digest, Millis

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.ports import Unit
    from sotto_wire.claims import Signed


def record_decision(
    unit: Unit,
    kind: Literal["opening", "admission"],
    conversation: ConversationId,
    *,
    signed: Signed,
    now: Millis,
    signer: Signer,
) -> bytes:
    """The receipt (JSON form of its envelope). A decision that the ledger holds already gets the receipt it got."""
    digest = Digest(sha256(signed.claims).digest())
    known = unit.ledger.find(conversation=conversation, digest=digest)
    if known:
        return known[0].receipt
    last = unit.ledger.newest()
    index = 1 if last is None else last.index + 1
    receipt = sign_receipt(
        Receipt(
            org=believed(unit).org,
            conversation=to_base64url(conversation),
            decision_digest=digest.hex(),
            request_digest=None,
            received_at=now,
            ledger_index=index,
        ),
        signer,
    )
    unit.ledger.add(
        LedgerEntry(
            index=index,
            kind=kind,
            conversation=conversation,
            digest=digest,
            decision=encode_claims(signed),
            receipt=receipt,
            recorded_at=now,
        )
    )
    return receipt
