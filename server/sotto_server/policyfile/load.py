"""A policy that a relay may use, or every reason why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_server.domain.policy_findings import Finding, forbids_use
from sotto_server.faults import ConfigFault
from sotto_server.policyfile.check import check_policy

if TYPE_CHECKING:
    import datetime as dt

    from sotto_keys.shared.policy.shape import Policy


class PolicyFault(ConfigFault):
    """The policy file cannot be used; `findings` lists every reason, so that one run shows them all."""

    code = "policy"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(f"{each.code} {each.path}: {each.message}" for each in findings))
        self.findings = findings


def load_policy(octets: bytes, *, at: dt.date) -> Policy:
    """The policy in `octets` (TOML, UTF-8), or `PolicyFault`. Dates that only end a capability do not count."""
    report = check_policy(octets, at=at)
    if report.policy is None:
        raise PolicyFault(report.findings)
    if found := forbids_use(report.findings, environment=report.policy.environment):
        raise PolicyFault(found)
    return report.policy
