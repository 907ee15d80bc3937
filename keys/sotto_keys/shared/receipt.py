"""The relay's receipt for a decision: evidence, never a gate. Which statement keys count is in `trust`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import RECEIPT_TYPE, Envelope, seal_envelope
from sotto_keys.shared.statement import open_statement
from sotto_keys.shared.text_forms import Hex32, Slug, Time

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_keys.shared.trust import TrustDocument


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt's payload. `conversation` is base64url of its 16 bytes."""

    org: Slug
    conversation: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}\Z")]
    decision_digest: Hex32
    request_digest: Hex32 | None
    received_at: Time
    ledger_index: Annotated[int, Meta(ge=0, le=2**53 - 1)]


def sign_receipt(receipt: Receipt, signer: Signer) -> bytes:
    """The receipt's envelope (JSON form), signed with a statement key."""
    return seal_envelope(RECEIPT_TYPE, strict_json.write(receipt), signers=[signer]).to_bytes()


def open_receipt(envelope: Envelope, trust: TrustDocument) -> Receipt:
    """The receipt that a statement key of `trust` signed within that key's time: `BadSignature`, `Malformed` or `Lapsed` otherwise."""
    return open_statement(envelope, RECEIPT_TYPE, form=Receipt, trust=trust, at=lambda each: each.received_at)
