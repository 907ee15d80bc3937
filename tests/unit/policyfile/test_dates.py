"""Dates: what is due when, and that a date that passes takes away what it is about and never the chat."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.support.policies import EXAMPLE, ON, codes, edited

from sotto_keys.shared.policy.reading import read_policy
from sotto_server.domain.policy_dates import due_dates, lapses, purposes_off
from sotto_server.domain.policy_findings import Finding, forbids_use
from sotto_server.domain.policy_world import day_of
from sotto_server.policyfile.check import world_of
from sotto_server.policyfile.load import PolicyFault, load_policy
from sotto_server.policyfile.profile_files import shipped_profiles
from sotto_server.policyfile.reader import PolicyFiles
from sotto_wire.ids import Millis

YESTERDAY = "2026-11-23"
OPTIONAL = {"transcript", "transcript_email", "quality_review", "ai_assistant"}


def test_every_date_of_the_file_is_due_some_day_the_next_one_first() -> None:
    dues = due_dates(world_of(read_policy(EXAMPLE), at=ON))
    assert len(dues) == 21
    assert (dues[0].path, dues[0].days_left) == ("audit.internal_due", 69)
    assert [each.on for each in dues] == sorted(each.on for each in dues)


def test_a_recipient_that_names_no_date_has_none() -> None:
    bare = edited("contract_expires = 2028-01-15\n", "", "vetting_due = 2027-10-01\n", "")
    paths = {each.path for each in due_dates(world_of(read_policy(bare), at=ON))}
    assert not {"recipients.mail.contract_expires", "recipients.llm.vetting_due"} & paths


@pytest.mark.parametrize(
    ("before", "after", "off"),
    [
        ("contract_expires = 2027-06-01", f"contract_expires = {YESTERDAY}", {"ai_assistant"}),
        ("vetting_due = 2027-10-01", f"vetting_due = {YESTERDAY}", {"ai_assistant"}),
        ("contract_expires = 2027-12-01", f"contract_expires = {YESTERDAY}", {"transcript"}),
        ('cycle"\nreview_due = 2027-05-01', f'cycle"\nreview_due = {YESTERDAY}', {"quality_review"}),
        ("review_due = 2027-10-05", f"review_due = {YESTERDAY}", OPTIONAL),
        ("review_due = 2027-04-15", "review_due = 2026-08-01", OPTIONAL),
        ("tabletop_due = 2027-03-01", f"tabletop_due = {YESTERDAY}", set()),
    ],
)
def test_a_date_that_passed_takes_away_what_it_is_about(before: str, after: str, off: set[str]) -> None:
    world = world_of(read_policy(edited(before, after)), at=ON)
    assert purposes_off(world) == off
    assert all(each.code in {"E011", "E031", "E041", "E042", "E051"} for each in lapses(world))


def test_the_chat_itself_never_lapses() -> None:
    assert purposes_off(world_of(read_policy(EXAMPLE), at=dt.date(2040, 1, 1))) == OPTIONAL


def test_a_class_is_warned_of_a_month_before() -> None:
    assert codes(EXAMPLE, at=dt.date(2027, 4, 1)) == {"W031", "W110", "W112"}


@pytest.mark.parametrize(
    ("code", "environment", "forbids"),
    [
        ("E053", "demo", True),
        ("E053", "production", True),
        ("E011", "production", True),
        ("E051", "production", True),
        ("E041", "production", False),
        ("E042", "production", False),
        ("E031", "production", False),
        ("E011", "demo", False),
        ("E051", "staging", False),
        ("W011", "production", False),
    ],
)
def test_what_keeps_a_relay_from_starting(code: str, environment: str, *, forbids: bool) -> None:
    assert bool(forbids_use([Finding(code, "x", "y")], environment=environment)) is forbids


def test_a_production_policy_past_its_reviews_is_not_taken_and_a_demo_is() -> None:
    production = edited('environment = "demo"', 'environment = "production"')
    late, files = dt.date(2027, 12, 5), PolicyFiles()
    assert load_policy(EXAMPLE, at=late).environment == "demo"
    assert files.is_usable(production, at=ON)
    assert not files.is_usable(production, at=late)
    assert {each.code for each in files.reasons_not_to_start(production, at=late)} == {"E011", "E051"}
    with pytest.raises(PolicyFault, match="E011"):
        load_policy(production, at=late)


def test_bytes_that_are_no_policy_are_refused_and_have_no_dates() -> None:
    files = PolicyFiles()
    assert not files.is_usable(b"a policy", at=ON)
    assert [each.code for each in files.reasons_not_to_start(b"a policy", at=ON)] == ["E001"]
    assert files.lapses(b"a policy", at=ON) == ()
    assert files.purposes_off(b"a policy", at=ON) == frozenset()


def test_a_day_is_the_utc_day() -> None:
    assert day_of(Millis(1_795_478_399_999)) == dt.date(2026, 11, 23)
    assert day_of(Millis(1_795_478_400_000)) == dt.date(2026, 11, 24)


@pytest.mark.parametrize("name", ["eu-gdpr@2026.10", "uk-gdpr@2026.10", "us-ca-ccpa@2026.10"])
def test_a_profile_is_dated_and_says_where_it_was_read(name: str) -> None:
    profile = shipped_profiles()[name]
    assert profile.reviewed_on < profile.review_due
    assert profile.source.startswith("https://")
    assert profile.rights
    assert profile.deadlines
    assert all(each.source for each in profile.rights)
    assert all(each.source for each in profile.deadlines)
