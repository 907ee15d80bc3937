"""Rules about impact assessments (E050 to E053): each purpose covered, by a decision on what it does now, signed by somebody else."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.dsse import verify
from sotto_keys.shared.policy.projections import approval_claims, scope_digest
from sotto_keys.shared.text_forms import from_base64url
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.domain.policy_findings import Finding
from sotto_server.domain.policy_keeping import SOON_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_keys.shared.policy.shape import Dpia, Policy
    from sotto_server.domain.policy_world import PolicyWorld

APPROVAL_TYPE: Final = "application/vnd.sotto.dpia-approval.v1+text"
CONSULTATION: Final = dt.timedelta(weeks=8)
"""So long an authority has to answer (Art. 36(2))."""
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


def assessment_findings(world: PolicyWorld) -> Iterator[Finding]:
    """Everything this page is about."""
    policy = world.policy
    covered = {purpose for each in policy.dpia for purpose in each.covers}
    for purpose in policy.purposes:
        if purpose.id not in covered:
            yield Finding("E050", f"purposes.{purpose.id}", "no impact assessment covers this purpose")
    for dpia in policy.dpia:
        yield from _decision(dpia, at=world.at)
        if not is_approved(policy, dpia):
            path = f"dpia.{dpia.ref}.scope_digest"
            yield Finding(
                "E053", path, "nobody but its author approved what the purposes are now: sotto privacy dpia sign"
            )


def is_approved(policy: Policy, dpia: Dpia) -> bool:
    """Whether somebody other than the author signed exactly this scope."""
    if dpia.author == dpia.approver or dpia.scope_digest != scope_digest(policy, dpia).hex():
        return False
    try:
        from_base64url(dpia.author, length=KEY_BYTES)
        approver = from_base64url(dpia.approver, length=KEY_BYTES)
        signature = from_base64url(dpia.approval, length=SIGNATURE_BYTES)
        verify(APPROVAL_TYPE, approval_claims(policy, dpia), signatures=[signature], keys=[approver], threshold=1)
    except Untrusted:
        return False
    return True


def _decision(dpia: Dpia, *, at: dt.date) -> Iterator[Finding]:
    path = f"dpia.{dpia.ref}"
    if dpia.decision == "not_required" and not dpia.reason.strip():
        yield Finding("E050", f"{path}.reason", "say why no assessment is required")
    if dpia.decision != "not_required" and dpia.approved_on is None:
        yield Finding("E050", f"{path}.approved_on", "when was it approved?")
    left = (dpia.review_due - at).days
    if left < 0:
        yield Finding("E051", f"{path}.review_due", f"the review is {-left} days late")
    elif left <= SOON_DAYS:
        yield Finding("W051", f"{path}.review_due", f"the review is due in {left} days")
    if dpia.residual_risk == "high" or dpia.decision == "prior_consultation":
        yield from _consultation(path, dpia, at=at)


def _consultation(path: str, dpia: Dpia, *, at: dt.date) -> Iterator[Finding]:
    if dpia.decision != "prior_consultation":
        yield Finding("E052", f"{path}.decision", "a high residual risk needs prior consultation (Art. 36)")
    elif dpia.consulted_on is None or at - dpia.consulted_on < CONSULTATION:
        yield Finding("E052", f"{path}.consulted_on", "the authority has eight weeks to answer")
