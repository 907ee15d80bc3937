"""Rules about the words that are shown (E070 to E075)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.notice_text import FILLINGS, START, placeholders_in
from sotto_server.domain.policy_findings import Finding
from sotto_server.domain.policy_law import missing_languages
from sotto_server.domain.policy_purposes import CONSENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_keys.shared.policy.shape import Notice
    from sotto_server.domain.policy_world import PolicyWorld

NEEDED_AT_START: Final = frozenset({"purposes", "categories", "recipients", "retention", "rights", "authority"})
"""What Article 13 asks to be said before anything is collected."""
NEEDED_FOR_CONSENT: Final = frozenset({"withdraw"})
PRESSING: Final = re.compile(
    r"\b("
    r"don[’']?t miss|miss(ing)? out|last chance|hurry|only today|act now|no thanks, i|i don[’']?t care about|"
    r"are you sure you want to (lose|miss)|by continuing|you agree by|"
    r"compliant|certified private|anonymous(ly)?|zero[- ]knowledge|unhackable|military[- ]grade|"
    r"verpassen sie nicht|letzte chance|nur heute|beeilen sie sich|durch weiternutzung|mit der weiternutzung|"
    r"dsgvo[- ]konform|anonym|unknackbar|nein danke, ich"
    r")\b",
    re.IGNORECASE,
)
"""Pressure, guilt, consent by silence, and promises nobody can keep."""


def notice_findings(world: PolicyWorld) -> Iterator[Finding]:
    """Everything this page is about."""
    policy = world.policy
    shown = {each.id for each in policy.notices}
    if START not in shown:
        yield Finding("E070", "notices", "no notice to start with")
    for purpose in policy.purposes:
        if purpose.lawful_basis == CONSENT and purpose.id not in shown:
            yield Finding("E070", f"purposes.{purpose.id}", "nobody can agree to a purpose without a notice")
        for language, label in purpose.label.items():
            yield from _wording(f"purposes.{purpose.id}.label.{language}", label)
    for notice in policy.notices:
        yield from _languages(notice, world=world)
        if notice.material > notice.version:
            yield Finding(
                "E073", f"notices.{notice.id}.material", "the last material version is newer than the version"
            )
        for language in notice.text:
            yield from _words(notice, language, needed=_needed(notice, world=world))


def _needed(notice: Notice, *, world: PolicyWorld) -> frozenset[str]:
    if notice.id == START:
        return NEEDED_AT_START
    bases = {each.lawful_basis for each in world.policy.purposes if each.id == notice.id}
    return NEEDED_FOR_CONSENT if CONSENT in bases else frozenset()


def _languages(notice: Notice, *, world: PolicyWorld) -> Iterator[Finding]:
    layers = {"text": notice.text, **({"more": notice.more} if notice.more else {})}
    for layer, words in layers.items():
        if missing := missing_languages(words, world):
            path = f"notices.{notice.id}.{layer}"
            yield Finding("E071", path, f"languages differ from languages.available: {', '.join(missing)}")


def _words(notice: Notice, language: str, *, needed: frozenset[str]) -> Iterator[Finding]:
    path = f"notices.{notice.id}.text.{language}"
    whole = f"{notice.text[language]}\n{notice.more.get(language, '')}"
    try:
        named = placeholders_in(whole)
    except ValueError:
        yield Finding("E072", path, "unbalanced braces")
        return
    for unknown in sorted(named - FILLINGS.keys()):
        yield Finding("E072", path, f"nobody fills {{{unknown}}}")
    for missing in sorted(needed - named):
        yield Finding("E072", path, f"{{{missing}}} must be said")
    yield from _wording(path, whole)


def _wording(path: str, words: str) -> Iterator[Finding]:
    if found := PRESSING.search(words):
        yield Finding("E075", path, f"“{found[0]}” presses people or promises too much")
