"""What both ends read of a policy: its shape, its notices, its projections, and when it asks for more than before."""

from __future__ import annotations

import msgspec
import pytest
from tests.vectors.policy_cases import EDITS, EXAMPLE, Edit, found_in

from sotto_keys.shared.policy.notice_text import START, notice_text, period, purposes_told
from sotto_keys.shared.policy.projections import purpose_digest, scope_digest
from sotto_keys.shared.policy.reading import NoPolicy, notice_of, purpose_of, read_policy
from sotto_keys.shared.untrusted import Malformed

OCTETS = EXAMPLE.read_bytes()
POLICY = read_policy(OCTETS)


def changed(before: str, after: str) -> bytes:
    text = OCTETS.decode()
    assert before in text
    return text.replace(before, after).encode()


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.why)
def test_an_edit_widens_what_the_table_says(edit: Edit) -> None:
    assert found_in(edit) == edit.widened


def test_a_decision_is_bound_to_the_words_too_though_they_widen_nothing() -> None:
    before = purpose_of(POLICY, "support")
    other = read_policy(changed("Answer your question", "Answer what you ask"))
    after = purpose_of(other, "support")
    assert before is not None
    assert after is not None
    assert purpose_digest(POLICY, before) != purpose_digest(other, after)


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ("Answer your question", "Answer what you ask", True),
        ('contract_ref = "DPA-2025-014"', 'contract_ref = "DPA-2027-001"', True),
        ('categories = ["delivery_metadata"]', 'categories = ["delivery_metadata", "contact"]', False),
        ("max_days = 30", "max_days = 31", False),
        ('country = "FI"', 'country = "US"', False),
        ('action = "crypto_erase"', 'action = "delete"', False),
    ],
)
def test_an_assessment_covers_what_bears_on_the_risk(before: str, after: str, *, is_same: bool) -> None:
    other = read_policy(changed(before, after))
    assert (scope_digest(POLICY, POLICY.dpia[0]) == scope_digest(other, other.dpia[0])) is is_same


def test_a_notice_is_filled_from_the_tables() -> None:
    shown = "\n".join(notice_text(POLICY, START, desk="support", language="en").paragraphs)
    for words in ("Kettle & Cup Ltd", "Support desk", "Order number (optional)", "Nordhost Oy (Finland)", "30 days"):
        assert words in shown


def test_who_can_read_is_said_to_read() -> None:
    shown = notice_text(POLICY, "ai_assistant", desk="support", language="de").first[0]
    assert "Example Inference GmbH (Deutschland, kann es lesen)" in shown


def test_a_table_cannot_make_a_paragraph_or_a_placeholder_of_its_own() -> None:
    odd = read_policy(changed('name = "Kettle & Cup Ltd"', 'name = "{desk} Ltd"'))
    assert notice_text(odd, START, desk="support", language="en").first[0] == "You'll be talking to {desk} Ltd."


@pytest.mark.parametrize(
    ("notice", "desk", "language"), [("other", "support", "en"), (START, "other", "en"), (START, "support", "fr")]
)
def test_a_notice_that_the_policy_lacks_is_not_shown(notice: str, desk: str, language: str) -> None:
    with pytest.raises(Malformed):
        notice_text(POLICY, notice, desk=desk, language=language)


@pytest.mark.parametrize("words", ["{owner}", "{controller}}", "{controller!r}", "{", "{controller:5}"])
def test_a_notice_with_a_hole_that_nobody_fills_is_not_shown(words: str) -> None:
    with pytest.raises(Malformed):
        notice_text(read_policy(changed("{controller}", words)), START, desk="support", language="en")


def test_a_notice_of_no_purpose_speaks_about_none() -> None:
    assert purposes_told(POLICY, "other") == ()
    assert notice_of(POLICY, "other") is None


def test_how_long_is_said_in_words() -> None:
    by_class = {
        name: period(POLICY, msgspec.structs.replace(POLICY.purposes[0], retention=name), language="en")
        for name in ("envelope", "outbox", "none", "missing")
    }
    assert by_class == {"envelope": "7 days", "outbox": "1 day", "none": "not kept", "missing": "no end"}


def test_nobody_else_and_no_authority_have_words_too() -> None:
    bare = read_policy(changed('recipients = ["hosting"]', "recipients = []"))
    bare = msgspec.structs.replace(bare, controller=msgspec.structs.replace(bare.controller, authority=None))
    shown = "\n".join(notice_text(bare, START, desk="support", language="en").more)
    assert "Who else takes part: nobody else." in shown
    assert "complain to ." in shown


def test_every_place_that_does_not_fit_is_named_at_once() -> None:
    text = OCTETS.decode().replace("special = false", "special = 0", 1).replace("[audit]", "[audt]")
    text = text.replace("min_tls =", "min_tsl =")
    with pytest.raises(NoPolicy) as caught:
        read_policy(text.encode())
    assert [path for path, _ in caught.value.places] == ["audt", "categories[0].special", "audit", "channels.chat"]


@pytest.mark.parametrize("octets", [b"\xff", b"a = =", b"#" * 300_000, b"a = " + b"[" * 5000])
def test_bytes_that_are_no_toml_are_no_policy(octets: bytes) -> None:
    with pytest.raises(NoPolicy):
        read_policy(octets)


def test_a_name_cannot_hold_a_line_of_a_projection() -> None:
    with pytest.raises(NoPolicy, match=r"controller\.name"):
        read_policy(changed('name = "Kettle & Cup Ltd"', r'name = "Kettle\nbasis consent"'))
