"""Rules about who answers, under which laws, and in which languages (E002 to E013, E071 of labels)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.policy.notice_text import PHRASES
from sotto_server.domain.policy_findings import Finding
from sotto_server.domain.profile import OVERDUE_DAYS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from sotto_server.domain.policy_world import PolicyWorld


def law_findings(world: PolicyWorld) -> Iterator[Finding]:
    """Everything this page is about."""
    yield from _controller(world)
    yield from _jurisdictions(world)
    yield from _languages(world)


def _controller(world: PolicyWorld) -> Iterator[Finding]:
    controller = world.policy.controller
    for name in ("name", "address", "contact"):
        if not getattr(controller, name).strip():
            yield Finding("E002", f"controller.{name}", "people must know who answers and how to reach them")
    dpo = controller.dpo
    if dpo is None or not (dpo.contact if dpo.appointed else dpo.reason).strip():
        yield Finding("E003", "controller.dpo", "name the officer's contact, or the reason why there is none")
    authority = controller.authority
    if authority is None or not authority.name.strip() or not authority.url.startswith("https://"):
        yield Finding(
            "E004", "controller.authority", "name the authority where people complain, with its https address"
        )


def _jurisdictions(world: PolicyWorld) -> Iterator[Finding]:
    law = world.policy.jurisdictions
    for index, named in enumerate(law.profiles):
        if named not in world.profiles:
            yield Finding("E010", f"jurisdictions.profiles[{index}]", f"no profile {named} comes with this relay")
    yield from _review(law.review_due, "jurisdictions.review_due", at=world.at)
    for profile in world.named_profiles:
        yield from _review(profile.review_due, f"jurisdictions.profiles.{profile.id}", at=world.at)
    if law.default not in {each.partition("@")[0] for each in law.profiles}:
        yield Finding("E013", "jurisdictions.default", "the default is none of the profiles")
    sells = law.ccpa is not None and law.ccpa.sells_or_shares and not law.ccpa.honour_gpc
    is_silent = law.ccpa is None and any(each.needs_ccpa_table for each in world.named_profiles)
    if sells or is_silent:
        yield Finding(
            "E012", "jurisdictions.ccpa", "who sells or shares must honour Global Privacy Control, and say so"
        )


def _review(due: dt.date, path: str, *, at: dt.date) -> Iterator[Finding]:
    late = (at - due).days
    if late > OVERDUE_DAYS:
        yield Finding("E011", path, f"the legal review is {late} days late")
    elif late > 0:
        yield Finding("W011", path, f"the legal review is {late} days late; after {OVERDUE_DAYS} it is an error")


def _languages(world: PolicyWorld) -> Iterator[Finding]:
    policy = world.policy
    if policy.languages.default not in policy.languages.available:
        yield Finding("E071", "languages.default", "the default language is not available")
    for language in policy.languages.available:
        if language not in PHRASES:
            yield Finding("E071", "languages.available", f"the product has no words in {language} to fill notices with")
    labels: list[tuple[str, Mapping[str, str]]] = [
        *((f"desks.{each.id}.label", each.label) for each in policy.desks),
        *((f"categories.{each.id}.label", each.label) for each in policy.categories),
        *((f"purposes.{each.id}.label", each.label) for each in policy.purposes),
    ]
    for path, words in labels:
        missing = missing_languages(words, world)
        if missing:
            yield Finding("E071", path, f"languages differ from languages.available: {', '.join(missing)}")


def missing_languages(words: Mapping[str, str], world: PolicyWorld) -> tuple[str, ...]:
    """Languages that are announced and not spoken, or spoken and not announced."""
    spoken = {language for language, text in words.items() if text.strip()}
    return tuple(sorted(spoken ^ set(world.policy.languages.available)))
