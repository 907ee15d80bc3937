"""Rules about roles, training, incidents, audits and channels (E060, E080, E100 to E110)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_server.domain.policy_findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_server.domain.policy_world import PolicyWorld

MAIL_MODES: Final = frozenset({"notify_only", "encrypted"})
TLS_FLOOR: Final = "1.3"


def people_findings(world: PolicyWorld) -> Iterator[Finding]:
    """Everything this page is about."""
    policy = world.policy
    purposes = {each.id for each in policy.purposes}
    for role, allowed in policy.access.roles.items():
        if allowed and role not in policy.training.roles:
            yield Finding(
                "E060", f"access.roles.{role}", "who can read must have learned how: name the role in training"
            )
        for purpose in sorted(set(allowed) - purposes):
            yield Finding("E080", f"access.roles.{role}", f"there is no purpose {purpose}")
    if policy.channels.email.mode not in MAIL_MODES:
        yield Finding(
            "E100", "channels.email.mode", f"one of {', '.join(sorted(MAIL_MODES))}; plain mail does not exist"
        )
    if policy.channels.chat.min_tls != TLS_FLOOR:
        yield Finding("E101", "channels.chat.min_tls", f"the floor is {TLS_FLOOR}")
    if not any(each.strip() for each in policy.incident.contacts):
        yield Finding("E110", "incident.contacts", "somebody must be told when something goes wrong")
    if policy.incident.tabletop_due < world.at:
        yield Finding("W110", "incident.tabletop_due", "the exercise is late")
    if policy.audit.internal_due < world.at:
        yield Finding("W112", "audit.internal_due", "the internal audit is late")
