"""The customer's signed decision: making it, checking it, and what it lets in. Where it must stand is the commit gate's question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from sotto_keys.shared.credential import KIND_HUMAN, ROLE_AGENT
from sotto_keys.shared.dsse import DECISION_TYPE, sign_compact, verify_compact
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.claims import DecisionClaims, DeviceAdmission, GroupTerms, Signed, TeamAdmission
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.limits import CLOCK_SKEW_MS
from sotto_wire.moments import may_serve
from sotto_wire.refusals import BadFrame

if TYPE_CHECKING:
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.secret import Signer
    from sotto_wire.ids import Digest, Millis


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision whose signature was checked. `digest` is its name everywhere: SHA-256 of the claims' bytes."""

    claims: DecisionClaims
    digest: Digest


def sign_decision(claims: DecisionClaims, signer: Signer) -> Signed:
    """The compact signed form. The signer's key is the customer key that the claims name."""
    assert signer.public == claims.customer_key
    return sign_compact(DECISION_TYPE, encode_claims(claims), signer=signer)


def verify_decision(signed: Signed, customer_key: bytes) -> Decision:
    """The decision this customer signed: `BadSignature`, then `Malformed`, then `Inconsistent` where it names another customer key."""
    payload = verify_compact(DECISION_TYPE, signed, key=customer_key)
    try:
        claims = decode_claims(payload, DecisionClaims)
    except BadFrame as refused:
        raise Malformed(str(refused)) from None
    if claims.customer_key != customer_key:
        raise Inconsistent("a decision that names another customer key")
    return Decision(claims=claims, digest=digest_of(payload))


def covers(
    claims: DecisionClaims, credential: Credential, *, conversation: bytes, terms: GroupTerms, at: Millis
) -> bool:
    """Whether this decision lets that device into this group at `at`. The credential's own validity is judged elsewhere."""
    return stands_for(claims, conversation=conversation, terms=terms, at=at) and _admits(claims, credential, terms)


def stands_for(claims: DecisionClaims, *, conversation: bytes, terms: GroupTerms, at: Millis) -> bool:
    """Whether it is a given answer for this conversation, customer and policy, in its time (the device may be five minutes ahead)."""
    return (
        claims.answer == "given"
        and claims.conversation == conversation
        and claims.customer_key == terms.customer_key
        and claims.policy_digest == terms.policy_digest
        and claims.decided_at <= at + CLOCK_SKEW_MS
        and at < claims.expires_at
    )


def _admits(claims: DecisionClaims, credential: Credential, terms: GroupTerms) -> bool:
    match claims.admits:
        case TeamAdmission(desk=desk):
            return (
                desk == terms.desk
                and desk in credential.desks
                and credential.kind == KIND_HUMAN
                and ROLE_AGENT in credential.roles
            )
        case DeviceAdmission(credential=cred_id, leaf_key=leaf_key):
            is_that_device = credential.cred_id == cred_id and credential.device_key == leaf_key
            # Purposes are kept apart by membership: an assistant or a reviewer comes in as nothing else.
            return is_that_device and may_serve(claims.purpose, kind=credential.kind, roles=credential.roles)
        case _:  # pragma: no cover
            assert_never(claims.admits)
