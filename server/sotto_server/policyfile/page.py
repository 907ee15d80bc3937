"""The privacy page: HTML from the same file that is enforced, so that the two cannot drift. No script, no cookie, one style sheet."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.notice_text import PHRASES, period, recipient_words
from sotto_keys.shared.policy.reading import categories_of, read_policy, recipients_of
from sotto_keys.shared.text_forms import digest_of
from sotto_server.policyfile.page_parts import asked_words, assessment, card, facts, list_of, retention_card, rights_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_keys.shared.policy.shape import Policy, Purpose, Recipient

_FOLDER: Final = files("sotto_server.policyfile")
WORDS: Final[dict[str, dict[str, str]]] = json.loads(_FOLDER.joinpath("page_words.json").read_text(encoding="utf-8"))
STYLE: Final = _FOLDER.joinpath("page.css").read_text(encoding="utf-8")


def policy_page(octets: bytes, *, language: str, is_current: bool) -> str:
    """The page of this file in a language; one that the policy or the product lacks becomes the policy's default, then English."""
    policy = read_policy(octets)
    language = language if language in policy.languages.available else policy.languages.default
    language = language if language in WORDS and language in PHRASES else "en"
    body = "\n".join(_Page(policy, digest_of(octets).hex(), language).lines(is_current=is_current))
    title = escape(WORDS[language]["title"].format(controller=policy.controller.name))
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title}</title>\n<link rel="stylesheet" href="/privacy/style.css">\n</head>\n'
        f"<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _own_name(language: str) -> str:
    """A language in itself, so that who needs it can read it."""
    return WORDS.get(language, {}).get("own_name", language)


class _Page:
    """One policy in one language; each method is a part of the page."""

    def __init__(self, policy: Policy, digest: str, language: str) -> None:
        self._policy, self._digest, self._language = policy, digest, language
        self._words = WORDS[language]

    def lines(self, *, is_current: bool) -> Iterator[str]:
        yield from self._head(is_current=is_current)
        yield from self._who()
        yield self._section("desks", list_of(each.label.get(self._language, each.id) for each in self._policy.desks))
        yield self._section("purposes", "".join(map(self._purpose, self._policy.purposes)))
        yield self._section("categories", "".join(self._categories()))
        yield self._section("recipients", "".join(map(self._recipient, self._policy.recipients)))
        yield self._section("retention", "".join(self._retention()))
        yield self._section("rights", rights_of(self._policy, self._words, language=self._language))
        yield self._section("withdrawal", f"<p>{escape(PHRASES[self._language]['withdraw'])}</p>")
        yield self._section("assessments", "".join(assessment(each, self._words) for each in self._policy.dpia))
        yield self._section("limits", f"<p>{escape(self._words['limits_text'])}</p>")

    def _head(self, *, is_current: bool) -> Iterator[str]:
        words, policy = self._words, self._policy
        if not is_current:
            yield f'<p class="old">{escape(words["is_old"])} <a href="/privacy">{escape(words["current"])}</a></p>'
        effective = policy.effective.date().isoformat()
        yield f"<p>{escape(words['version'].format(version=policy.version, effective=effective))}"
        yield f"{escape(words['digest'].format(digest=self._digest))}</p>"
        here = "/privacy" if is_current else f"/privacy/v/{self._digest}"
        mark = {self._language: ' aria-current="page"'}
        links = [
            f'<li><a href="{here}?lang={each}" lang="{each}" hreflang="{each}"{mark.get(each, "")}>{_own_name(each)}</a></li>'
            for each in policy.languages.available
        ]
        links.append(f'<li><a href="/v1/policies/{self._digest}">{escape(words["as_file"])}</a></li>')
        if is_current:
            links.append(f'<li><a href="/privacy.json">{escape(words["as_json"])}</a></li>')
        yield f'<nav aria-label="{escape(words["languages"])}"><ul>{"".join(links)}</ul></nav>'

    def _who(self) -> Iterator[str]:
        words, controller = self._words, self._policy.controller
        dpo = controller.dpo
        rows = [
            ("address", controller.address),
            ("contact", controller.contact),
            ("phone", controller.phone),
            ("legal_id", controller.legal_id),
        ]
        if dpo is not None:
            rows.append(("dpo", dpo.contact if dpo.appointed else words["no_dpo"].format(reason=dpo.reason)))
        if controller.authority is not None:
            rows.append(("authority", f"{controller.authority.name}, {controller.authority.url}"))
        rows += [
            ("representative", f"{each.name}, {each.address}, {each.contact}")
            for each in (controller.eu_representative, controller.uk_representative)
            if each is not None
        ]
        told = facts([(words[name], text) for name, text in rows if text])
        yield self._section("who", card(controller.name, told))

    def _purpose(self, purpose: Purpose) -> str:
        policy, words, language = self._policy, self._words, self._language
        optional = words["optional_hint"]
        what = [
            each.label.get(language, each.id) + (f" {optional}" if each.id in purpose.optional_categories else "")
            for each in categories_of(policy, purpose)
        ]
        others = [recipient_words(each, language=language) for each in recipients_of(policy, purpose)]
        rows = [
            (words["basis"], words.get(f"basis_{purpose.lawful_basis}", purpose.lawful_basis)),
            (words["what"], "; ".join(what)),
            (words["who_else"], "; ".join(others) or PHRASES[language]["nobody"]),
            (words["how_long"], period(policy, purpose, language=language)),
        ]
        notes = [words["needed"] if purpose.required_for_chat else asked_words(purpose, words, language=language)]
        notes += [words["automated"]] if purpose.automated else []
        told = facts(rows) + "".join(f"<p>{escape(each)}</p>" for each in notes if each)
        return card(purpose.label.get(language, purpose.id), told)

    def _categories(self) -> Iterator[str]:
        words = self._words
        for each in self._policy.categories:
            notes = [words["e2ee" if each.e2ee else "open"], *([words["special"]] if each.special else [])]
            yield card(each.label.get(self._language, each.id), f"<p>{escape(' '.join(notes))}</p>")

    def _recipient(self, recipient: Recipient) -> str:
        words = self._words
        told = [f"{words[f'role_{recipient.role}']}; {words[f'sees_{recipient.sees}']}."]
        if recipient.transfer:
            told.append(words["transfer"].format(transfer=recipient.transfer))
        country = PHRASES[self._language]["countries"].get(recipient.country, recipient.country)
        return card(f"{recipient.name} ({country})", f"<p>{escape(' '.join(told))}</p>")

    def _retention(self) -> Iterator[str]:
        default = self._policy.languages.default
        for name, kept in self._policy.retention.items():
            yield retention_card(name, kept, language=self._language, written_in=default)

    def _section(self, name: str, told: str) -> str:
        return f"<h2>{escape(self._words[name])}</h2>\n{told}"
