"""The whole check of a policy file: shape first, then every rule on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.reading import NoPolicy, read_policy
from sotto_server.domain.policy_assessment import assessment_findings
from sotto_server.domain.policy_findings import Finding
from sotto_server.domain.policy_keeping import keeping_findings
from sotto_server.domain.policy_law import law_findings
from sotto_server.domain.policy_notices import notice_findings
from sotto_server.domain.policy_people import people_findings
from sotto_server.domain.policy_purposes import purpose_findings
from sotto_server.domain.policy_recipients import recipient_findings
from sotto_server.domain.policy_world import PolicyWorld
from sotto_server.policyfile.profile_files import shipped_profiles

if TYPE_CHECKING:
    import datetime as dt

    from sotto_keys.shared.policy.shape import Policy

RULES: Final = (
    law_findings,
    purpose_findings,
    keeping_findings,
    recipient_findings,
    assessment_findings,
    people_findings,
    notice_findings,
)
OK, WARNINGS, ERRORS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; `policy` is none where the bytes are no policy file."""

    policy: Policy | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.is_error)

    @property
    def exit_code(self) -> int:
        if self.errors:
            return ERRORS
        return WARNINGS if self.findings else OK


def check_policy(octets: bytes, *, at: dt.date) -> Report:
    """Every finding on this day, in the order of the rules; errors and warnings as they come."""
    try:
        policy = read_policy(octets)
    except NoPolicy as error:
        return Report(None, tuple(Finding("E001", path, why) for path, why in error.places))
    return Report(policy, findings_in(policy, at=at))


def findings_in(policy: Policy, *, at: dt.date) -> tuple[Finding, ...]:
    """The findings of a file that has the right shape."""
    world = world_of(policy, at=at)
    found = [each for rule in RULES for each in rule(world)]
    if policy.effective.tzinfo is None:
        found.insert(0, Finding("E001", "effective", "a time without a zone"))
    return tuple(found)


def world_of(policy: Policy, *, at: dt.date) -> PolicyWorld:
    """The policy on a day, with the profiles that come with the relay."""
    return PolicyWorld(policy, shipped_profiles(), at)
