"""Whether a purpose asks for more than what somebody agreed to. Until it does, an earlier decision stays current."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.reading import categories_of, purpose_of, recipients_of, retention_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sotto_keys.shared.policy.shape import Policy, Purpose

CONSENT: Final = "consent"


@dataclass(frozen=True, slots=True)
class CategoryUse:
    """One kind of data in one purpose."""

    special: bool
    e2ee: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class RecipientUse:
    """One recipient in one purpose."""

    role: str
    country: str
    sees: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a decision on a purpose is about, as far as it can widen."""

    controller: tuple[str, str]
    term: str
    basis: str
    categories: Mapping[str, CategoryUse]
    recipients: Mapping[str, RecipientUse]
    max_days: float
    automated: bool


def meaning_of(policy: Policy, purpose: Purpose) -> Meaning:
    """A retention class that is missing or has no end counts as for ever."""
    kept = retention_of(policy, purpose)
    return Meaning(
        controller=(policy.controller.name, policy.controller.legal_id),
        term=purpose.dpv,
        basis=purpose.lawful_basis,
        categories={
            each.id: CategoryUse(each.special, each.e2ee, optional=each.id in purpose.optional_categories)
            for each in categories_of(policy, purpose)
        },
        recipients={
            each.id: RecipientUse(each.role, each.country, each.sees) for each in recipients_of(policy, purpose)
        },
        max_days=inf if kept is None or kept.max_days is None else kept.max_days,
        automated=purpose.automated,
    )


def widened(old: Meaning, new: Meaning) -> tuple[str, ...]:
    """Every way in which `new` goes beyond `old`; empty where a decision on `old` stays current."""
    return tuple(_widened(old, new))


def ended_purposes(old: Policy, new: Policy) -> frozenset[str]:
    """Purposes of `old` whose decisions end when `new` is in force: asked for by consent, and gone from `new` or wider in it.

    What rests on another basis goes on under the terms the conversation was opened with; people are told (privacy rules, 4.3).
    """
    return frozenset(
        each.id
        for each in old.purposes
        if each.lawful_basis == CONSENT
        and ((now := purpose_of(new, each.id)) is None or _is_wider(old, each, new, now))
    )


def _is_wider(old: Policy, before: Purpose, new: Policy, now: Purpose) -> bool:
    return bool(widened(meaning_of(old, before), meaning_of(new, now)))


def _widened(old: Meaning, new: Meaning) -> Iterator[str]:
    if new.controller != old.controller:
        yield "controller"
    if new.term != old.term:
        yield "purpose"
    if (new.basis == CONSENT) is not (old.basis == CONSENT):
        yield "basis"
    for name, category in sorted(new.categories.items()):
        yield from _of_category(name, old.categories.get(name), category)
    for name, recipient in sorted(new.recipients.items()):
        yield from _of_recipient(name, old.recipients.get(name), recipient)
    if new.max_days > old.max_days:
        yield "kept_longer"
    if new.automated and not old.automated:
        yield "automated"


def _of_category(name: str, old: CategoryUse | None, new: CategoryUse) -> Iterator[str]:
    if old is None:
        yield f"category {name}"
        return
    if old.optional and not new.optional:
        yield f"category_needed {name}"
    if new.special and not old.special:
        yield f"category_special {name}"
    if old.e2ee and not new.e2ee:
        yield f"category_open {name}"


def _of_recipient(name: str, old: RecipientUse | None, new: RecipientUse) -> Iterator[str]:
    if old is None:
        yield f"recipient {name}"
        return
    if (new.role, new.country) != (old.role, old.country):
        yield f"recipient_changed {name}"
    if new.sees == "plaintext" and old.sees != "plaintext":
        yield f"recipient_plaintext {name}"
