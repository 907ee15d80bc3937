"""The privacy page says everything that the file says, in each language, and nothing of the file becomes markup."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Final

import pytest
from tests.support.policies import EXAMPLE, edited, signed

from sotto_keys.shared.policy.notice_text import PHRASES
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.text_forms import digest_of
from sotto_server.policyfile.page import WORDS, policy_page
from sotto_server.policyfile.profile_files import shipped_profiles
from sotto_server.policyfile.reader import PolicyFiles

HOSTILE: Final = "<script>alert(1)</script>\\\" onload='x'"


def text_of(octets: bytes, language: str) -> str:
    """The words of the page, without its markup."""
    return re.sub(
        r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", policy_page(octets, language=language, is_current=True)))
    )


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    "octets", [EXAMPLE, edited("Kettle", "Köttel & Söhne <GmbH>")], ids=["the demo", "an odd name"]
)
def test_every_label_of_the_policy_stands_on_its_page(octets: bytes, language: str) -> None:
    shown, policy = text_of(octets, language), read_policy(octets)
    labelled = [each.label for table in (policy.desks, policy.categories, policy.purposes) for each in table]
    labels = [each[language] for each in labelled]
    labels += [each.name for each in policy.recipients] + list(policy.retention)
    labels += [each.justification for each in policy.retention.values()]
    labels += [policy.controller.name, policy.controller.address, policy.controller.contact, policy.controller.phone]
    assert policy.controller.authority is not None
    labels += [policy.controller.authority.name, policy.controller.authority.url, digest_of(octets).hex()]
    labels += [PHRASES[language]["withdraw"], WORDS[language]["limits_text"], *(each.ref for each in policy.dpia)]
    labels += [PHRASES[language]["rights"]["eu-gdpr"], PHRASES[language]["rights"]["us-ca-ccpa"]]
    assert [each for each in labels if re.sub(r"\s+", " ", each) not in shown] == []


class Outline(HTMLParser):
    """What a page holds, as far as rules are about it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]


def test_nothing_of_the_file_becomes_markup() -> None:
    octets = edited(
        "Answer your question", HOSTILE, "Nordhost Oy", HOSTILE, "delivery retry", HOSTILE, "DPIA-2026-01", "<i>"
    )
    outline = Outline()
    outline.feed(policy_page(octets, language="en", is_current=True))
    assert not {"script", "i", "img", "iframe", "form"} & set(outline.tags)
    assert outline.handlers == []
    assert all(each.startswith("/") for each in outline.addresses)


def test_a_page_has_one_heading_above_all_and_none_is_skipped() -> None:
    outline = Outline()
    outline.feed(policy_page(EXAMPLE, language="en", is_current=True))
    levels = [int(each[1]) for each in outline.tags if re.fullmatch(r"h[1-6]", each)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_an_earlier_version_says_so_and_points_to_the_current_one() -> None:
    page = policy_page(EXAMPLE, language="en", is_current=False)
    assert WORDS["en"]["is_old"] in page
    assert f"/privacy/v/{digest_of(EXAMPLE).hex()}?lang=de" in page


def test_a_language_that_nobody_speaks_is_the_default_one() -> None:
    files = PolicyFiles()
    assert files.page(EXAMPLE, language="fr", is_current=True) == files.page(EXAMPLE, language="en", is_current=True)
    french = edited('available = ["en", "de"]', 'available = ["fr", "de"]', 'default = "en"\n', 'default = "fr"\n')
    assert '<html lang="en">' in policy_page(french, language="fr", is_current=True)


def test_a_controller_far_away_names_who_stands_for_it() -> None:
    away = edited(
        "# eu_representative / uk",
        'eu_representative = { name = "Rep GmbH", address = "Berlin", contact = "rep@kettle.example" }\n# uk',
    )
    assert "Rep GmbH, Berlin, rep@kettle.example" in text_of(away, "en")


def test_what_is_rare_has_words_too() -> None:
    odd = edited(
        'country = "FI"',
        'country = "US"\ntransfer = "scc-2021"',
        "appointed = false",
        "appointed = true",
        "sells_or_shares = false, honour_gpc = true",
        "sells_or_shares = true, honour_gpc = false",
        "special = false",
        "special = true",
    )
    shown = text_of(odd, "en")
    assert "Nordhost Oy (United States)" in shown
    assert "Protected abroad by scc-2021." in shown
    assert "Specially protected data." in shown
    assert WORDS["en"]["not_sold"] not in shown
    assert WORDS["en"]["gpc"] not in shown


def test_machines_read_the_same_policy() -> None:
    files = PolicyFiles()
    facts = json.loads(files.facts(EXAMPLE) or b"")
    assert facts["digest"] == digest_of(EXAMPLE).hex()
    assert [each["id"] for each in facts["policy"]["purposes"]] == [each.id for each in read_policy(EXAMPLE).purposes]
    assert json.loads(files.gpc(EXAMPLE) or b"") == {"gpc": True, "lastUpdate": "2026-10-15"}
    assert files.facts(b"x") is None
    assert files.gpc(b"x") is None
    assert files.page(b"x", language="en", is_current=True) is None


def test_both_books_of_words_speak_of_the_same_things() -> None:
    assert len({frozenset(each) for each in WORDS.values()}) == 1
    assert WORDS.keys() == PHRASES.keys()
    families = {each.family for each in shipped_profiles().values()}
    for book in PHRASES.values():
        assert set(book["rights"]) == families
        assert len({frozenset(each["countries"]) for each in PHRASES.values()}) == 1
        for profile in shipped_profiles().values():
            free = [] if profile.transfer is None else profile.transfer.free
            assert set(free) <= set(book["countries"])


def test_a_signature_leaves_everything_else_as_it_was() -> None:
    again = signed(EXAMPLE)
    differs = [a for a, b in zip(EXAMPLE.splitlines(), again.splitlines(), strict=True) if a != b]
    assert {each.split(b" ")[0] for each in differs} == {b"author", b"approver", b"approval"}
