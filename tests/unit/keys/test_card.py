"""Cards from a policy file: exact words, purpose, how long an answer counts, and what is not asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.vectors.trust_world import credential_document, document_bytes

from sotto_keys.shared import strict_json
from sotto_keys.shared.card import card_of, language_of, moments_of, terms_of
from sotto_keys.shared.credential import Credential
from sotto_keys.shared.policy.notice_text import START, notice_text
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.moments import MOMENTS, Moment
from sotto_wire.refusals import NotOffered

if TYPE_CHECKING:
    from tests.vectors.trust_world import Document

    from sotto_keys.shared.strict_json import Json

DEMO = (Path(__file__).parents[3] / "demo" / "policy.example.toml").read_bytes()
DAY_MS = 24 * 3600 * 1000
WORDS_AT_MOST = 60


def newcomer(**changes: Json) -> Credential:
    fields: Document = {"name": "Sue", "desks": ["cards"]}
    return strict_json.read(document_bytes(credential_document() | fields | changes), Credential)


def asked() -> list[Moment]:
    return [each for each in Moment if MOMENTS[each].is_offered and MOMENTS[each].guest is not None]


def test_the_demo_asks_everything_that_is_built() -> None:
    assert list(moments_of(DEMO)) == asked()


@pytest.mark.parametrize("moment", asked())
def test_a_card_is_short_and_names_the_newcomer(moment: Moment) -> None:
    card = card_of(DEMO, moment, desk="support", newcomer=newcomer())
    assert "Sue" in card.paragraphs[0]
    assert len(" ".join(card.paragraphs).split()) <= WORDS_AT_MOST
    assert not any("{" in each for each in card.paragraphs)
    assert card.digest == digest_of("\n\n".join(card.paragraphs).encode())


def test_a_desk_is_named_as_the_policy_names_it_or_by_its_short_name() -> None:
    assert "the Support desk" in card_of(DEMO, "second_agent", desk="support", newcomer=newcomer()).paragraphs[0]
    assert "the cards desk" in card_of(DEMO, "another_desk", desk="support", newcomer=newcomer()).paragraphs[0]
    homeless = newcomer(desks=[])
    assert "the Support desk" in card_of(DEMO, "another_desk", desk="support", newcomer=homeless).paragraphs[0]


def test_what_the_chat_can_do_without_has_its_own_purpose_and_time() -> None:
    terms = terms_of(DEMO, "ai_assistant")
    assert (terms.purpose, terms.valid_for_ms, terms.refused_for_ms) == ("ai_assistant", 30 * DAY_MS, 180 * DAY_MS)
    helping = terms_of(DEMO, "second_agent")
    assert (helping.purpose, helping.valid_for_ms, helping.refused_for_ms) == ("support", None, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'id = "ai_assistant"\ndpv', b'id = "another"\ndpv'),
        (b'entwerfen" }\nlawful_basis = "consent"', b'entwerfen" }\nlawful_basis = "contract"'),
        (b'id = "ai_assistant"\nversion', b'id = "another"\nversion'),
    ],
)
def test_without_words_or_a_purpose_by_consent_it_is_not_offered(before: bytes, after: bytes) -> None:
    assert before in DEMO
    with pytest.raises(NotOffered):
        terms_of(DEMO.replace(before, after), "ai_assistant")


@pytest.mark.parametrize("moment", ["start", "transcript", "no_such_moment"])
def test_what_lets_nobody_in_or_does_not_exist_is_not_offered(moment: str) -> None:
    with pytest.raises(NotOffered):
        terms_of(DEMO, moment)


@pytest.mark.parametrize("octets", [b"", b"\xff", b"a = ", b"schema = 1"])
def test_what_is_no_policy_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        terms_of(octets, "second_agent")


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_language_of_words_is_the_one_in_which_the_policy_has_them(language: str) -> None:
    sue = newcomer()
    card = card_of(DEMO, "ai_assistant", desk="support", newcomer=sue, language=language)
    assert language_of(DEMO, "ai_assistant", desk="support", newcomer=sue, digest=card.digest) == language
    start = notice_text(read_policy(DEMO), START, desk="support", language=language)
    assert language_of(DEMO, START, desk="support", newcomer=None, digest=start.digest) == language


def test_words_that_the_policy_does_not_have_are_in_no_language() -> None:
    sue = newcomer()
    card = card_of(DEMO, "second_agent", desk="support", newcomer=sue)
    somebody_else = newcomer(name="Ben", desks=[])
    assert language_of(DEMO, "second_agent", desk="support", newcomer=somebody_else, digest=card.digest) is None
    assert language_of(DEMO, "second_agent", desk="cellar", newcomer=sue, digest=card.digest) is None
