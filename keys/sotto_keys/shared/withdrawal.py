"""The customer's signed withdrawal of a decision: making and checking it. What it stops is the relay's and the gate's business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.dsse import WITHDRAW_TYPE, sign_compact, verify_compact
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.claims import Signed, WithdrawalClaims
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.refusals import BadFrame

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_wire.ids import Digest


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal whose signature was checked, and its name: SHA-256 of the claims' bytes."""

    claims: WithdrawalClaims
    digest: Digest


def sign_withdrawal(claims: WithdrawalClaims, signer: Signer) -> Signed:
    """The compact signed form. The signer's key is the customer key that the claims name."""
    assert signer.public == claims.customer_key
    return sign_compact(WITHDRAW_TYPE, encode_claims(claims), signer=signer)


def verify_withdrawal(signed: Signed, customer_key: bytes) -> Withdrawal:
    """What this customer withdrew: `BadSignature`, then `Malformed`, then `Inconsistent` where it names another customer key."""
    payload = verify_compact(WITHDRAW_TYPE, signed, key=customer_key)
    try:
        claims = decode_claims(payload, WithdrawalClaims)
    except BadFrame as refused:
        raise Malformed(str(refused)) from None
    if claims.customer_key != customer_key:
        raise Inconsistent("a withdrawal that names another customer key")
    return Withdrawal(claims=claims, digest=digest_of(payload))
