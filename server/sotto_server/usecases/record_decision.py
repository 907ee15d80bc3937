"""Put what happened to a decision into the ledger, once, and sign the receipt for it. The receipt is evidence; nothing waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.receipt import Receipt, sign_receipt
from sotto_keys.shared.text_forms import digest_of, to_base64url
from sotto_server.domain.ledger import LedgerEntry
from sotto_server.usecases.believed import believed
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.ports import Unit
    from sotto_wire.claims import Signed
    from sotto_wire.ids import ConversationId, Digest, Millis

OPEN = "open"


@dataclass(frozen=True, slots=True)
class Happening:
    """What is recorded: `event` of `subject` in `conversation`."""

    event: str
    conversation: ConversationId
    subject: Digest
    request: Digest | None = None
    """The relay's request, where one was answered."""


def record_decision(unit: Unit, what: Happening, *, signed: Signed, now: Millis, signer: Signer) -> bytes:
    """The receipt (JSON form of its envelope). What the ledger holds already gets the receipt it got."""
    digest = digest_of(signed.claims)
    known = unit.ledger.find(conversation=what.conversation, digest=digest)
    if known and known[0].receipt is not None:
        return known[0].receipt
    index = _next(unit)
    receipt = sign_receipt(
        Receipt(
            org=believed(unit).org,
            conversation=to_base64url(what.conversation),
            decision_digest=digest.hex(),
            request_digest=None if what.request is None else what.request.hex(),
            received_at=now,
            ledger_index=index,
        ),
        signer,
    )
    _add(unit, what, index=index, digest=digest, signed=encode_claims(signed), receipt=receipt, now=now)
    return receipt


def record_statement(unit: Unit, what: Happening, *, envelope: bytes, digest: Digest, now: Millis) -> None:
    """What the relay itself states: a request, or an ending by time or policy. Nobody gets a receipt for it."""
    _add(unit, what, index=_next(unit), digest=digest, signed=envelope, receipt=None, now=now)


def _next(unit: Unit) -> int:
    last = unit.ledger.newest()
    return 1 if last is None else last.index + 1


def _add(
    unit: Unit, what: Happening, *, index: int, digest: Digest, signed: bytes, receipt: bytes | None, now: Millis
) -> None:
    unit.ledger.add(
        LedgerEntry(
            index=index,
            event=what.event,
            conversation=what.conversation,
            subject=what.subject,
            digest=digest,
            signed=signed,
            receipt=receipt,
            recorded_at=now,
        )
    )
