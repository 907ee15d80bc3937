"""The words of a notice exactly as they are shown and digested: its texts, with placeholders filled from the tables of the same file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final, TypedDict

from sotto_keys.shared.policy.reading import categories_of, desk_of, notice_of, purpose_of, recipients_of, retention_of
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sotto_keys.shared.policy.shape import Policy, Purpose, Recipient
    from sotto_wire.ids import Digest

START: Final = "start"
"""The notice before everything; it speaks for all purposes that a chat cannot do without. Any other has the id of its purpose."""
PARAGRAPH: Final = "\n\n"
SPACE: Final = " \t\r\n"
"""What is trimmed: languages disagree about what else is white."""
_HOLE: Final = re.compile(r"\{([a-z_]+)\}")


class PhraseBook(TypedDict):
    """What one language says around the tables."""

    separator: str
    optional: str
    recipient: str
    recipient_plaintext: str
    nobody: str
    day: str
    days: str
    not_kept: str
    no_end: str
    each: str
    authority: str
    withdraw: str
    rights: dict[str, str]
    countries: dict[str, str]


PHRASES: Final[dict[str, PhraseBook]] = json.loads(
    files("sotto_keys.shared.policy").joinpath("notice_words.json").read_text(encoding="utf-8")
)
"""By language. The browser reads the same file."""


@dataclass(frozen=True, slots=True)
class NoticeText:
    """What the screen shows: `first` at once, `more` one step behind."""

    first: tuple[str, ...]
    more: tuple[str, ...]

    @property
    def paragraphs(self) -> tuple[str, ...]:
        return (*self.first, *self.more)

    @property
    def digest(self) -> Digest:
        """SHA-256 of all paragraphs joined by an empty line, UTF-8."""
        return digest_of(PARAGRAPH.join(self.paragraphs).encode())


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Whom a card is about: the name in the credential, and the desk it is of."""

    name: str = ""
    desk: str = ""


@dataclass(frozen=True, slots=True)
class _Telling:
    """One notice in one language for one desk."""

    policy: Policy
    language: str
    desk: str
    purposes: Sequence[Purpose]
    newcomer: Newcomer

    @property
    def phrases(self) -> PhraseBook:
        return PHRASES[self.language]

    def joined(self, items: Iterable[str]) -> str:
        return self.phrases["separator"].join(items)


def notice_text(
    policy: Policy, notice: str, *, desk: str, language: str, newcomer: Newcomer | None = None
) -> NoticeText:
    """`Malformed` for a notice, desk or language that the policy does not have, or a placeholder that nobody knows."""
    found, label = notice_of(policy, notice), desk_of(policy, desk)
    if found is None or label is None or language not in PHRASES:
        raise Malformed("no such notice, desk or language")
    try:
        telling = _Telling(
            policy, language, label.label[language], purposes_told(policy, notice), newcomer or Newcomer()
        )
        return NoticeText(_filled(found.text[language], telling), _filled(found.more.get(language, ""), telling))
    except (KeyError, ValueError):
        raise Malformed("a notice that cannot be filled in") from None


def purposes_told(policy: Policy, notice: str) -> tuple[Purpose, ...]:
    """The purposes a notice speaks about."""
    if notice == START:
        return tuple(each for each in policy.purposes if each.required_for_chat)
    named = purpose_of(policy, notice)
    return () if named is None else (named,)


def placeholders_in(text: str) -> frozenset[str]:
    """The names in braces; `ValueError` for a brace that belongs to none."""
    if set("{}") & set(_HOLE.sub("", text)):
        raise ValueError("unbalanced braces")
    return frozenset(_HOLE.findall(text))


def period(policy: Policy, purpose: Purpose, *, language: str) -> str:
    """How long, in words."""
    kept = retention_of(policy, purpose)
    return days_in_words(None if kept is None else kept.max_days, language=language)


def days_in_words(days: int | None, *, language: str) -> str:
    """None: there is no end."""
    phrases = PHRASES[language]
    if days is None:
        return phrases["no_end"]
    if days == 0:
        return phrases["not_kept"]
    return phrases["day"] if days == 1 else phrases["days"].replace("{n}", str(days))


def recipient_words(recipient: Recipient, *, language: str) -> str:
    """Who and where; who can read says so."""
    phrases = PHRASES[language]
    form = phrases["recipient_plaintext" if recipient.sees == "plaintext" else "recipient"]
    country = phrases["countries"].get(recipient.country, recipient.country)
    return form.replace("{country}", country).replace("{name}", recipient.name)


def _filled(text: str, telling: _Telling) -> tuple[str, ...]:
    words = {name: FILLINGS[name](telling) for name in placeholders_in(text)}
    # Split before filling: a table must not be able to make a paragraph of its own.
    shown = (_HOLE.sub(lambda hole: words[hole[1]], each).strip(SPACE) for each in text.split(PARAGRAPH))
    return tuple(each for each in shown if each)


def _purposes(telling: _Telling) -> str:
    return telling.joined(each.label.get(telling.language, each.id) for each in telling.purposes)


def _categories(telling: _Telling) -> str:
    needed: dict[str, bool] = {}
    labels: dict[str, str] = {}
    for purpose in telling.purposes:
        for category in categories_of(telling.policy, purpose):
            labels[category.id] = category.label.get(telling.language, category.id)
            needed[category.id] = needed.get(category.id, False) or category.id not in purpose.optional_categories
    form = telling.phrases["optional"]
    return telling.joined(label if needed[id_] else form.replace("{label}", label) for id_, label in labels.items())


def _recipients(telling: _Telling) -> str:
    found = {each.id: each for purpose in telling.purposes for each in recipients_of(telling.policy, purpose)}
    words = [recipient_words(each, language=telling.language) for each in found.values()]
    return telling.joined(words) or telling.phrases["nobody"]


def _retention(telling: _Telling) -> str:
    periods = [period(telling.policy, each, language=telling.language) for each in telling.purposes]
    if len(periods) == 1:
        return periods[0]
    form = telling.phrases["each"]
    labels = [each.label.get(telling.language, each.id) for each in telling.purposes]
    return telling.joined(
        form.replace("{period}", each).replace("{label}", label) for label, each in zip(labels, periods, strict=True)
    )


def _rights(telling: _Telling) -> str:
    families = dict.fromkeys(each.partition("@")[0] for each in telling.policy.jurisdictions.profiles)
    rights = telling.phrases["rights"]
    return " ".join(rights[family] for family in families if family in rights)


def _authority(telling: _Telling) -> str:
    authority = telling.policy.controller.authority
    if authority is None:
        return ""
    return telling.phrases["authority"].replace("{url}", authority.url).replace("{name}", authority.name)


def _newcomer_desk(telling: _Telling) -> str:
    desk = telling.newcomer.desk
    found = desk_of(telling.policy, desk)
    return (found.label.get(telling.language) if found else None) or desk or telling.desk


FILLINGS: Final[dict[str, Callable[[_Telling], str]]] = {
    "controller": lambda telling: telling.policy.controller.name,
    "contact": lambda telling: telling.policy.controller.contact,
    "desk": lambda telling: telling.desk,
    "purposes": _purposes,
    "categories": _categories,
    "recipients": _recipients,
    "retention": _retention,
    "rights": _rights,
    "authority": _authority,
    "withdraw": lambda telling: telling.phrases["withdraw"],
    "newcomer": lambda telling: telling.newcomer.name,
    "newcomer_desk": _newcomer_desk,
}
"""Every placeholder a notice may hold."""
