"""From one policy to the next: what changes for whom, and which changes no new file may make (privacy rules, E026, E036, E073)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.notice_text import START, purposes_told
from sotto_keys.shared.policy.projections import purpose_digest
from sotto_keys.shared.policy.reading import notice_of, purpose_of
from sotto_keys.shared.policy.widened import meaning_of, widened
from sotto_server.domain.policy_findings import Finding
from sotto_server.domain.policy_purposes import CONSENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_keys.shared.policy.shape import Notice, Policy, Purpose, Retention

LATENESS: Final = {"event": 0, "conversation_closed": 1, "last_message": 1}
"""A clock that may start later keeps longer; the two that follow a conversation can each be the later one."""


class Effect(StrEnum):
    """What a change of a purpose asks of the people it is about."""

    ASK_AGAIN = "ask_again"
    """Earlier decisions end; nothing happens until there is an answer."""
    TELL = "tell"
    """A banner with the difference; what was acknowledged is acknowledged again."""
    NOTHING = "nothing"
    """A line in the changelog."""
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class PurposeChange:
    """One purpose in both files. `widened` says in which ways it goes beyond the old one."""

    purpose: str
    effect: Effect
    widened: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """Everything between two files."""

    purposes: tuple[PurposeChange, ...]
    tables: tuple[str, ...]
    """Names of the tables that differ at all."""
    findings: tuple[Finding, ...]
    """Why the new file may not follow the old one; empty where it may."""


def change_between(old: Policy, new: Policy) -> PolicyChange:
    """Pure; neither file needs to be in order."""
    purposes = tuple(_purpose_changes(old, new))
    findings = (*_swapped(old, new), *_lengthened(old, new), *_notices(old, new))
    return PolicyChange(purposes, tuple(_tables(old, new)), findings)


def _tables(old: Policy, new: Policy) -> Iterator[str]:
    yield from (name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name))


def _purpose_changes(old: Policy, new: Policy) -> Iterator[PurposeChange]:
    for purpose in new.purposes:
        before = purpose_of(old, purpose.id)
        if before is None:
            yield PurposeChange(purpose.id, _of_new(purpose), ("purpose_added",))
            continue
        wider = widened(meaning_of(old, before), meaning_of(new, purpose))
        is_same = not wider and purpose_digest(old, before) == purpose_digest(new, purpose)
        if not is_same or _authority(old) != _authority(new):
            yield PurposeChange(purpose.id, _effect(old, new, before=before, after=purpose, wider=wider), wider)
    for purpose in old.purposes:
        if purpose_of(new, purpose.id) is None:
            yield PurposeChange(purpose.id, Effect.NOTHING, ("purpose_removed",))


def _of_new(purpose: Purpose) -> Effect:
    """Nobody has decided about it: who must be asked is asked when it is needed."""
    return Effect.NOTHING if purpose.lawful_basis == CONSENT else Effect.TELL


def _effect(old: Policy, new: Policy, *, before: Purpose, after: Purpose, wider: tuple[str, ...]) -> Effect:
    if before.lawful_basis == CONSENT != after.lawful_basis:
        return Effect.FORBIDDEN
    if wider:
        return Effect.ASK_AGAIN if after.lawful_basis == CONSENT else Effect.TELL
    is_reworded = before.label != after.label or _authority(old) != _authority(new)
    return Effect.TELL if is_reworded else Effect.NOTHING


def _authority(policy: Policy) -> str:
    return "" if policy.controller.authority is None else policy.controller.authority.name


def _swapped(old: Policy, new: Policy) -> Iterator[Finding]:
    """EDPB 05/2020 §6: who refused must not be processed under another name or basis."""
    asked = [each for each in old.purposes if each.lawful_basis == CONSENT]
    for purpose in new.purposes:
        if purpose.lawful_basis == CONSENT:
            continue
        path = f"purposes.{purpose.id}.lawful_basis"
        for before in asked:
            if before.id == purpose.id:
                yield Finding("E026", path, "people were asked for consent: no other basis may stand in for it")
            elif purpose_of(old, purpose.id) is None and _is_likeness(
                before, purpose, gone=purpose_of(new, before.id) is None
            ):
                yield Finding("E026", path, f"the same as {before.id}, which people were asked for, under another name")


def _is_likeness(before: Purpose, after: Purpose, *, gone: bool) -> bool:
    shares_label = bool(set(before.label.items()) & set(after.label.items()))
    shares_use = gone and before.dpv == after.dpv and set(before.categories) & set(after.categories)
    return shares_label or bool(shares_use)


def _lengthened(old: Policy, new: Policy) -> Iterator[Finding]:
    """What is kept already keeps its date: a longer class says from which day on it counts, and that day is not before the policy's."""
    for name, after in new.retention.items():
        before = old.retention.get(name)
        if before is None or not _is_longer(before, after):
            continue
        if after.since is None or after.since < new.effective.date():
            path = f"retention.{name}.since"
            yield Finding(
                "E036", path, "longer only for what is kept from now on: name the day, not before `effective`"
            )


def _is_longer(before: Retention, after: Retention) -> bool:
    is_more = before.max_days is not None and (after.max_days is None or after.max_days > before.max_days)
    return is_more or (after.clock != before.clock and LATENESS[after.clock] >= LATENESS[before.clock])


def _notices(old: Policy, new: Policy) -> Iterator[Finding]:
    for notice in new.notices:
        before = notice_of(old, notice.id)
        if before is None:
            continue
        path = f"notices.{notice.id}"
        if notice.version < before.version:
            yield Finding("E073", f"{path}.version", "a version does not go down")
        elif notice.version == before.version and (notice.text, notice.more) != (before.text, before.more):
            yield Finding("E073", f"{path}.version", "other words need another version")
        elif notice.material <= before.version and _is_wider(old, new, notice=notice):
            yield Finding("E073", f"{path}.material", "a purpose was widened: this version is a material one")


def _is_wider(old: Policy, new: Policy, *, notice: Notice) -> bool:
    for purpose in purposes_told(new, notice.id):
        before = purpose_of(old, purpose.id)
        if before is None and notice.id == START:
            return True
        if before is not None and widened(meaning_of(old, before), meaning_of(new, purpose)):
            return True
    return False
