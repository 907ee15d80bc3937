"""Every date of a policy, and what is lost when one has passed: never the chat, only what the date was about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_server.domain.policy_assessment import assessment_findings
from sotto_server.domain.policy_findings import DATED
from sotto_server.domain.policy_keeping import keeping_findings
from sotto_server.domain.policy_law import law_findings
from sotto_server.domain.policy_recipients import recipient_findings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from sotto_server.domain.policy_findings import Finding
    from sotto_server.domain.policy_world import PolicyWorld


@dataclass(frozen=True, slots=True)
class Due:
    """Something that somebody has to do by a day."""

    path: str
    on: dt.date
    days_left: int


@dataclass(frozen=True, slots=True)
class Lapse:
    """A date that has passed, and the purposes that are not offered until somebody acts."""

    code: str
    path: str
    purposes: tuple[str, ...]


def due_dates(world: PolicyWorld) -> tuple[Due, ...]:
    """The most urgent first."""
    found = [Due(path, on, (on - world.at).days) for path, on in _dates(world)]
    return tuple(sorted(found, key=lambda each: (each.on, each.path)))


def lapses(world: PolicyWorld) -> tuple[Lapse, ...]:
    """What a running relay has lost by today."""
    rules = (law_findings, keeping_findings, recipient_findings, assessment_findings)
    found = [each for rule in rules for each in rule(world) if each.code in DATED]
    return tuple(Lapse(each.code, each.path, _affected(each, world=world)) for each in found)


def purposes_off(world: PolicyWorld) -> frozenset[str]:
    """Purposes that nobody may be asked for today. What a chat cannot do without is never among them."""
    needed = {each.id for each in world.policy.purposes if each.required_for_chat}
    return frozenset(each for lapse in lapses(world) for each in lapse.purposes) - needed


def _affected(finding: Finding, *, world: PolicyWorld) -> tuple[str, ...]:
    table, _, rest = finding.path.partition(".")
    name = rest.rpartition(".")[0]
    purposes = world.policy.purposes
    match table:
        case "retention":
            return tuple(each.id for each in purposes if each.retention == name)
        case "recipients":
            return tuple(each.id for each in purposes if name in each.recipients)
        case "dpia":
            covered = {purpose for each in world.policy.dpia if each.ref == name for purpose in each.covers}
            return tuple(each.id for each in purposes if each.id in covered)
        case _:
            # Nobody knows whether the law is still what the texts say: nothing new is asked for.
            return tuple(each.id for each in purposes)


def _dates(world: PolicyWorld) -> Iterator[tuple[str, dt.date]]:
    policy = world.policy
    yield "jurisdictions.review_due", policy.jurisdictions.review_due
    for profile in world.named_profiles:
        yield f"jurisdictions.profiles.{profile.id}", profile.review_due
    for name, kept in policy.retention.items():
        yield f"retention.{name}.review_due", kept.review_due
    for recipient in policy.recipients:
        if recipient.contract_expires is not None:
            yield f"recipients.{recipient.id}.contract_expires", recipient.contract_expires
        if recipient.vetting_due is not None:
            yield f"recipients.{recipient.id}.vetting_due", recipient.vetting_due
    for dpia in policy.dpia:
        yield f"dpia.{dpia.ref}.review_due", dpia.review_due
    yield "incident.tabletop_due", policy.incident.tabletop_due
    yield "audit.internal_due", policy.audit.internal_due
