"""Rules about how long things stay (E030 to E037) and how old keys become (E090, E091)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.reading import categories_of, notice_of
from sotto_server.domain.policy_findings import Finding
from sotto_wire.limits import CONVERSATION_LIFE_MS, ENVELOPE_LIFE_MS, TIMES_KEPT_OPEN
from sotto_wire.moments import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_keys.shared.policy.shape import Policy, Retention
    from sotto_server.domain.policy_world import PolicyWorld

ENVELOPE: Final = "envelope"
TRANSCRIPT: Final = "transcript"
EVIDENCE: Final = "consent_evidence"
AUDIT_LOG: Final = "audit_log"
METADATA: Final = "metadata"
MANDATORY: Final = (ENVELOPE, TRANSCRIPT, METADATA, EVIDENCE, AUDIT_LOG, "backup")
"""What the relay itself keeps, each under a class of its own."""
LONGEST_DAYS: Final = 3650
PURGE_HOURS: Final = range(1, 73)
KEY_AGES: Final = {
    "issuing_max_days": 90,
    "statement_max_days": 90,
    "agent_credential_max_days": 30,
    "site_identity_max_days": 180,
}
"""The hierarchy's own cryptoperiods."""
SOON_DAYS: Final = 30
"""From here on a date is warned of: a month is enough to meet somebody."""
_DAY_MS: Final = 24 * 3600 * 1000


def keeping_findings(world: PolicyWorld) -> Iterator[Finding]:
    """Everything this page is about."""
    policy = world.policy
    for name in MANDATORY:
        if name not in policy.retention:
            yield Finding("E030", f"retention.{name}", "the relay keeps such things; say for how long")
    for name, kept in policy.retention.items():
        yield from _class(f"retention.{name}", kept)
        yield from _review(f"retention.{name}.review_due", kept, world=world)
    yield from _erasure(policy)
    yield from _bounds(world)
    yield from _keys(policy)


def days_of(policy: Policy, name: str) -> int | None:
    """The days of a class; none where it has no end or does not exist."""
    kept = policy.retention.get(name)
    return None if kept is None else kept.max_days


def _kept_by_relay(policy: Policy) -> dict[str, int]:
    """What the code does: a policy must not promise less. Rows of a conversation go with its last envelope."""
    lives = 1 if notice_of(policy, Moment.LONGER_TIME) is None else 1 + TIMES_KEPT_OPEN
    return {ENVELOPE: ENVELOPE_LIFE_MS, METADATA: lives * CONVERSATION_LIFE_MS + ENVELOPE_LIFE_MS}


def _class(path: str, kept: Retention) -> Iterator[Finding]:
    if kept.max_days is None or not 0 <= kept.max_days <= LONGEST_DAYS:
        yield Finding("E030", f"{path}.max_days", f"an end within {LONGEST_DAYS} days")
    if not kept.justification.strip():
        yield Finding("E030", f"{path}.justification", "say why so long")
    if kept.purge_within_hours not in PURGE_HOURS:
        yield Finding("E035", f"{path}.purge_within_hours", "1 to 72 hours")


def _review(path: str, kept: Retention, *, world: PolicyWorld) -> Iterator[Finding]:
    left = (kept.review_due - world.at).days
    if left < 0:
        yield Finding("E031", path, f"the review is {-left} days late; nothing new is kept under this class")
    elif left <= SOON_DAYS:
        yield Finding("W031", path, f"the review is due in {left} days")


def _erasure(policy: Policy) -> Iterator[Finding]:
    for purpose in policy.purposes:
        kept = policy.retention.get(purpose.retention)
        if kept is None or kept.action != "crypto_erase":
            continue
        for category in categories_of(policy, purpose):
            if not category.e2ee:
                path = f"purposes.{purpose.id}.retention"
                yield Finding("E032", path, f"{category.id} is not encrypted: destroying a key would erase nothing")


def _bounds(world: PolicyWorld) -> Iterator[Finding]:
    policy = world.policy
    log = days_of(policy, AUDIT_LOG)
    for profile in world.named_profiles:
        if log is not None and log < profile.audit_log_min_days:
            path = f"retention.{AUDIT_LOG}.max_days"
            yield Finding("E033", path, f"{profile.name} asks for {profile.audit_log_min_days} days")
    evidence = days_of(policy, EVIDENCE)
    longest = max((each.consent.validity_days or 0 for each in policy.purposes if each.consent), default=0)
    if evidence is not None and evidence < longest:
        path = f"retention.{EVIDENCE}.max_days"
        yield Finding("E034", path, f"a consent counts for {longest} days: its proof must last as long")
    for name, kept_ms in _kept_by_relay(policy).items():
        days = days_of(policy, name)
        if days is not None and days * _DAY_MS < kept_ms:
            path = f"retention.{name}.max_days"
            yield Finding("E037", path, f"the relay keeps such things for {-(-kept_ms // _DAY_MS)} days")


def _keys(policy: Policy) -> Iterator[Finding]:
    for name, longest in KEY_AGES.items():
        if getattr(policy.keys, name) > longest:
            yield Finding("E090", f"keys.{name}", f"at most {longest} days")
    storage, transcript = policy.keys.storage_max_days, days_of(policy, TRANSCRIPT)
    if storage is not None and transcript is not None and storage > transcript:
        yield Finding("E091", "keys.storage_max_days", "a storage key must not outlive what it seals")
