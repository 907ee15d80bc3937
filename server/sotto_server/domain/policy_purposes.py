"""Rules about purposes and what they use (E020 to E029)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.notice_text import START
from sotto_keys.shared.policy.reading import categories_of
from sotto_server.domain.policy_findings import Finding
from sotto_wire.moments import MOMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sotto_keys.shared.policy.shape import Policy, Purpose
    from sotto_server.domain.policy_world import PolicyWorld

CONSENT: Final = "consent"
BASES: Final = frozenset({CONSENT, "contract", "legal_obligation", "legitimate_interests"})
"""Vital interests and public tasks are no reasons of a support chat."""
LONGEST_CONSENT_DAYS: Final = 3650


def purpose_findings(world: PolicyWorld) -> Iterator[Finding]:
    """Everything this page is about."""
    policy = world.policy
    yield from _twice(policy)
    yield from _dangling(policy)
    for purpose in policy.purposes:
        yield from _basis(purpose)
        yield from _use(policy, purpose)
    used = {each for purpose in policy.purposes for each in purpose.categories}
    for category in policy.categories:
        if category.id not in used:
            yield Finding("E027", f"categories.{category.id}", "no purpose needs this category: do not collect it")


def _twice(policy: Policy) -> Iterator[Finding]:
    tables: dict[str, Iterable[str]] = {
        "desks": (each.id for each in policy.desks),
        "categories": (each.id for each in policy.categories),
        "purposes": (each.id for each in policy.purposes),
        "recipients": (each.id for each in policy.recipients),
        "notices": (each.id for each in policy.notices),
        "dpia": (each.ref for each in policy.dpia),
    }
    for table, ids in tables.items():
        yield from (
            Finding("E020", f"{table}.{each}", "this id stands twice") for each, n in Counter(ids).items() if n > 1
        )


def _dangling(policy: Policy) -> Iterator[Finding]:
    purposes = {each.id for each in policy.purposes}
    categories = {each.id for each in policy.categories}
    recipients = {each.id for each in policy.recipients}
    named: list[tuple[str, Iterable[str], Iterable[str]]] = []
    for each in policy.purposes:
        path = f"purposes.{each.id}"
        named.append((f"{path}.categories", each.categories, categories))
        named.append((f"{path}.recipients", each.recipients, recipients))
        named.append((f"{path}.retention", [each.retention], policy.retention))
    named += [(f"dpia.{each.ref}.covers", each.covers, purposes) for each in policy.dpia]
    named += [(f"notices.{each.id}", [each.id], {*purposes, START, *MOMENTS}) for each in policy.notices]
    named.append(("training.roles", policy.training.roles, policy.access.roles))
    for path, ids, known in named:
        yield from (Finding("E020", path, f"there is no {each}") for each in sorted(set(ids) - set(known)))


def _basis(purpose: Purpose) -> Iterator[Finding]:
    path, basis = f"purposes.{purpose.id}", purpose.lawful_basis
    if basis not in BASES:
        yield Finding("E021", f"{path}.lawful_basis", f"one of {', '.join(sorted(BASES))}")
    if basis == CONSENT and purpose.required_for_chat:
        yield Finding(
            "E022", f"{path}.required_for_chat", "what a chat cannot do without is no free choice (Art. 7(4))"
        )
    if basis == "legitimate_interests" and not purpose.lia_ref.strip():
        yield Finding("E023", f"{path}.lia_ref", "legitimate interests need a balancing test to refer to")
    if basis == "legal_obligation" and not purpose.law.strip():
        yield Finding("E029", f"{path}.law", "name the law that obliges you")
    days = None if purpose.consent is None else purpose.consent.validity_days
    if basis == CONSENT and not (days is not None and 1 <= days <= LONGEST_CONSENT_DAYS):
        yield Finding("E024", f"{path}.consent.validity_days", f"consent ends: 1 to {LONGEST_CONSENT_DAYS} days")


def _use(policy: Policy, purpose: Purpose) -> Iterator[Finding]:
    path = f"purposes.{purpose.id}"
    is_explicit = purpose.lawful_basis == CONSENT and purpose.consent is not None and purpose.consent.explicit
    for category in categories_of(policy, purpose):
        if category.special and not is_explicit:
            yield Finding("E025", f"{path}.categories", f"{category.id} is special: explicit consent only (Art. 9)")
    if not set(purpose.optional_categories) <= set(purpose.categories):
        yield Finding("E027", f"{path}.optional_categories", "optional is what is not among the categories")
    if purpose.solely_automated_decision:
        yield Finding(
            "E028", f"{path}.solely_automated_decision", "this product does not decide about people (Art. 22)"
        )
