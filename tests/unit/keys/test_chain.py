"""Tests of chain.py: how one group of a conversation follows another, and how not. The cases are `tests/vectors/groups.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.vectors.make_group_vectors import VECTORS, as_text

from sotto_keys.shared.mls.chain import check_chain, check_continues
from sotto_keys.shared.text_forms import from_base64url
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.claims import GroupTerms
from sotto_wire.codec import decode_claims
from sotto_wire.ids import ConversationId

if TYPE_CHECKING:
    from collections.abc import Callable

FILE: Final = json.loads(VECTORS.read_text("utf-8"))


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(each, id=each["name"]) for each in cases]


def terms_of(text: str) -> GroupTerms:
    return decode_claims(from_base64url(text), GroupTerms)


def answer(judge: Callable[[], None]) -> str:
    try:
        judge()
    except Untrusted as untrusted:
        return untrusted.code
    return "follows"


def test_the_committed_file_is_what_the_script_writes() -> None:
    assert VECTORS.read_text("utf-8") == as_text()


@pytest.mark.parametrize("case", named(FILE["chains"]))
def test_each_group_hands_over_to_the_next_under_its_customers_key(case: dict[str, Any]) -> None:
    conversation = ConversationId(from_base64url(case["conversation"]))
    terms, number = terms_of(case["terms"]), case["number"]
    assert answer(lambda: check_chain(terms, conversation=conversation, number=number)) == case["expect"]


@pytest.mark.parametrize("case", named(FILE["successions"]))
def test_who_knows_an_earlier_group_follows_its_own_customers_word_only(case: dict[str, Any]) -> None:
    terms, earlier = terms_of(case["terms"]), terms_of(case["earlier"])
    assert answer(lambda: check_continues(terms, earlier)) == case["expect"]
