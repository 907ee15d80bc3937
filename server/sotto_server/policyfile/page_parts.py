"""Small pieces of the privacy page. Every text of a policy passes `escape` here, and nowhere becomes an attribute or an address."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sotto_keys.shared.policy.notice_text import PHRASES, days_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sotto_keys.shared.policy.shape import Dpia, Policy, Purpose, Retention


def card(title: str, told: str) -> str:
    """A titled box; `told` is HTML."""
    return f'<section class="card"><h3>{escape(title)}</h3>{told}</section>\n'


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names and what they are."""
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows) + "</dl>"


def list_of(texts: Iterable[str]) -> str:
    """A plain list."""
    return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in texts) + "</ul>"


def asked_words(purpose: Purpose, words: Mapping[str, str], *, language: str) -> str:
    """That somebody is asked, and for how long the answer counts; nothing where nobody is."""
    if purpose.consent is None:
        return ""
    return words["asked"].format(days=days_in_words(purpose.consent.validity_days, language=language))


def retention_card(name: str, kept: Retention, *, language: str, written_in: str) -> str:
    """One class. Its reason stands in the file once, in the file's default language."""
    days = escape(days_in_words(kept.max_days, language=language))
    return card(name, f'<p>{days}: <span lang="{escape(written_in)}">{escape(kept.justification)}</span></p>')


def rights_of(policy: Policy, words: Mapping[str, str], *, language: str) -> str:
    """What people can ask for under each law that the policy names."""
    families = dict.fromkeys(each.partition("@")[0] for each in policy.jurisdictions.profiles)
    sentences = [PHRASES[language]["rights"][each] for each in families if each in PHRASES[language]["rights"]]
    sentences.append(words["how_to_ask"].format(contact=policy.controller.contact))
    ccpa = policy.jurisdictions.ccpa
    if ccpa is not None and not ccpa.sells_or_shares:
        sentences.append(words["not_sold"])
    if ccpa is not None and ccpa.honour_gpc:
        sentences.append(words["gpc"])
    return "".join(f"<p>{escape(each)}</p>" for each in sentences)


def assessment(dpia: Dpia, words: Mapping[str, str]) -> str:
    """That it was made, and when it is looked at again."""
    decision = words[f"decision_{dpia.decision}"].format(reason=dpia.reason)
    review = words["review"].format(date=dpia.review_due.isoformat())
    return card(dpia.ref, f"<p>{escape(decision)}; {escape(review)}.</p>")
