"""What a decision binds of a purpose, and what an impact assessment covers: fields in a fixed order, one a line (docs/protocol.md 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.policy.reading import categories_of, purpose_of, recipients_of, retention_of
from sotto_keys.shared.text_forms import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_keys.shared.policy.shape import Category, Dpia, Policy, Purpose
    from sotto_wire.ids import Digest

NONE = "-"


def purpose_digest(policy: Policy, purpose: Purpose) -> Digest:
    """The name of what a decision on this purpose was about."""
    return digest_of(purpose_projection(policy, purpose))


def scope_digest(policy: Policy, dpia: Dpia) -> Digest:
    """The name of what the assessment looked at."""
    return digest_of(scope_projection(policy, dpia))


def purpose_projection(policy: Policy, purpose: Purpose) -> bytes:
    return _lines(_purpose_lines(policy, purpose))


def scope_projection(policy: Policy, dpia: Dpia) -> bytes:
    """Labels, names and contracts are not in it: they change nothing about the risk."""
    return _lines(_scope_lines(policy, dpia))


def approval_claims(policy: Policy, dpia: Dpia) -> bytes:
    """What the approver signs: the scope, and who wrote and who approved it."""
    tail = (
        f"decision {dpia.decision}",
        f"residual_risk {dpia.residual_risk}",
        f"author {dpia.author}",
        f"approver {dpia.approver}",
    )
    return scope_projection(policy, dpia) + _lines(iter(tail))


def _purpose_lines(policy: Policy, purpose: Purpose) -> Iterator[str]:
    kept, consent = retention_of(policy, purpose), purpose.consent
    yield "sotto-purpose/1"
    yield f"controller {policy.controller.name}"
    yield f"legal_id {policy.controller.legal_id or NONE}"
    yield f"purpose {purpose.id} {purpose.dpv}"
    yield from (f"label {language} {purpose.label[language]}" for language in sorted(purpose.label))
    yield f"basis {purpose.lawful_basis}"
    yield from (
        f"category {_category(each, purpose)}" for each in sorted(categories_of(policy, purpose), key=lambda e: e.id)
    )
    yield from (
        f"recipient {each.id} {each.role} {each.country} {each.sees}"
        for each in sorted(recipients_of(policy, purpose), key=lambda e: e.id)
    )
    yield f"max_days {NONE if kept is None or kept.max_days is None else kept.max_days}"
    yield f"automated {_flag(purpose.automated)}"
    yield f"validity_days {NONE if consent is None or consent.validity_days is None else consent.validity_days}"


def _scope_lines(policy: Policy, dpia: Dpia) -> Iterator[str]:
    yield "sotto-scope/1"
    yield f"dpia {dpia.ref}"
    for purpose in filter(None, (purpose_of(policy, each) for each in sorted(set(dpia.covers)))):
        kept = retention_of(policy, purpose)
        yield f"purpose {purpose.id} {purpose.dpv} {purpose.lawful_basis} {_flag(purpose.required_for_chat)} {_flag(purpose.automated)}"
        yield from (
            f"category {_category(each, purpose)}"
            for each in sorted(categories_of(policy, purpose), key=lambda e: e.id)
        )
        yield from (
            f"recipient {each.id} {each.role} {each.country} {each.sees}"
            for each in sorted(recipients_of(policy, purpose), key=lambda e: e.id)
        )
        if kept is not None:
            yield f"retention {purpose.retention} {kept.max_days} {kept.clock} {kept.action}"


def _category(category: Category, purpose: Purpose) -> str:
    special = "special" if category.special else "plain"
    reach = "e2ee" if category.e2ee else "open"
    need = "optional" if category.id in purpose.optional_categories else "needed"
    return f"{category.id} {category.dpv} {special} {reach} {need}"


def _flag(value: bool) -> str:  # noqa: FBT001 - a word for a flag
    return "true" if value else "false"


def _lines(lines: Iterator[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
