"""Each rule of the check, by an edit of the demo's file that breaks it and nothing else that matters."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Final

import pytest
from tests.support.policies import EXAMPLE, ON, codes, edited, signed

from sotto_server import domain
from sotto_server.policyfile.check import OK, WARNINGS, check_policy

REVIEW_CONSENT: Final = (
    'consent = { validity_days = 180, granularity = "per_conversation", '
    "reask_after_refusal_days = 180, explicit = false }"
)
AI_EN: Final = "An AI system run by {recipients} would read this chat and draft answers."

Mutation = tuple[str, str, str]
MUTATIONS: Final[tuple[Mutation, ...]] = (
    # shape
    ("E001", "environment =", "enviroment ="),
    ("E001", 'schema = "sotto-privacy/1"', 'schema = "sotto-privacy/2"'),
    ("E001", "effective = 2026-11-24T00:00:00Z", "effective = 2026-11-24T00:00:00"),
    ("E001", "effective = 2026-11-24T00:00:00Z", 'effective = "today"'),
    ("E001", "special = false", 'special = "no"'),
    ("E001", "max_days = 7\n", 'max_days = "7"\n'),
    ("E001", "max_days = 7\n", "max_days = 7.5\n"),
    ("E001", 'clock = "last_message"', 'clock = "when_we_like"'),
    ("E001", 'action = "crypto_erase"', 'action = "hide"'),
    ("E001", 'country = "FI"', 'country = "Finland"'),
    ("E001", 'dpv = "pd:Transaction"', 'dpv = "orders"'),
    ("E001", 'id = "order_ref"', 'id = "Order Ref"'),
    ("E001", "[training]", "[trainings]"),
    ("E001", "max_members = 4", "max_members = 9"),
    ("E001", "[incident]", "[incident]\nmood = 1"),
    ("E001", 'available = ["en", "de"]', 'available = ["english"]'),
    ("E001", '"us-ca-ccpa@2026.10"', '"us-ca-ccpa"'),
    ("E001", "pass_mark = 0.8", "pass_mark = 80"),
    # who, where, which law
    ("E002", 'name = "Kettle & Cup Ltd"', 'name = " "'),
    ("E002", 'address = "1 Quay St, Cork, T12 AB34, Ireland"\n', ""),
    ("E002", 'contact = "privacy@kettle.example"\nphone', "phone"),
    ("E003", 'reason = "Art. 37(1) not met; reviewed 2026-10-01", ', ""),
    (
        "E003",
        'appointed = false, reason = "Art. 37(1) not met; reviewed 2026-10-01", contact = "privacy@kettle.example"',
        "appointed = true",
    ),
    ("E003", "dpo = {", "# dpo = {"),
    ("E004", "https://www.dataprotection.ie", "http://www.dataprotection.ie"),
    ("E004", "authority = {", "# authority = {"),
    ("E010", '"eu-gdpr@2026.10"', '"eu-gdpr@2031.01"'),
    ("E011", "review_due = 2027-04-15", "review_due = 2026-08-25"),
    ("W011", "review_due = 2027-04-15", "review_due = 2026-08-26"),
    ("E012", "sells_or_shares = false, honour_gpc = true", "sells_or_shares = true, honour_gpc = false"),
    ("E012", "ccpa = {", "# ccpa = {"),
    ("E013", 'default = "eu-gdpr"', 'default = "uk-gdpr"'),
    # purposes
    ("E020", '[[categories]]\nid = "order_ref"', '[[categories]]\nid = "contact"'),
    ("E020", '[[recipients]]\nid = "mail"', '[[recipients]]\nid = "hosting"'),
    ("E020", 'recipients = ["mail"]', 'recipients = ["post"]'),
    ("E020", 'retention = "review_copy"', 'retention = "for_ever"'),
    ("E020", 'categories = ["delivery_metadata"]', 'categories = ["delivery_metadata", "mood"]'),
    ("E020", '[[notices]]\nid = "transcript"', '[[notices]]\nid = "transcripts"'),
    ("E020", 'roles = ["agent", "supervisor", "officer"]', 'roles = ["agent", "supervisor", "guest"]'),
    ("E020", '"quality_review", "ai_assistant"]\nresidual', '"quality_review", "ai_assistant", "training"]\nresidual'),
    ("E021", 'lawful_basis = "contract"', 'lawful_basis = "vital_interests"'),
    ("E021", 'lawful_basis = "contract"', "# "),
    (
        "E022",
        'lawful_basis = "consent"\nrequired_for_chat = false',
        'lawful_basis = "consent"\nrequired_for_chat = true',
    ),
    ("E023", 'lia_ref = "LIA-2026-02"', 'lia_ref = ""'),
    ("E024", "validity_days = 30, ", ""),
    ("E024", "validity_days = 30", "validity_days = 0"),
    ("E024", "validity_days = 30", "validity_days = 99999"),
    ("E024", REVIEW_CONSENT, ""),
    (
        "E025",
        'id = "order_ref"\ndpv = "pd:Transaction"\nlabel = { en = "Order number", de = "Bestellnummer" }\ne2ee = true\nspecial = false',
        'id = "order_ref"\ndpv = "pd:Health"\nlabel = { en = "Order number", de = "Bestellnummer" }\ne2ee = true\nspecial = true',
    ),
    (
        "E027",
        'categories = ["message_content", "attachment", "contact", "order_ref"]',
        'categories = ["message_content", "attachment", "contact"]',
    ),
    (
        "E027",
        'optional_categories = ["attachment", "contact", "order_ref"]',
        'optional_categories = ["attachment", "delivery_metadata"]',
    ),
    ("E028", "solely_automated_decision = false", "solely_automated_decision = true"),
    ("E029", 'lawful_basis = "contract"', 'lawful_basis = "legal_obligation"'),
    # keeping
    ("E030", "max_days = 1095\n", ""),
    ("E030", "max_days = 14\n", "max_days = 9999\n"),
    ("E030", "max_days = 14\n", "max_days = -1\n"),
    ("E030", 'justification = "delivery retry"', 'justification = ""'),
    ("E030", "[retention.backup]", "[retention.copies]"),
    (
        "E031",
        'justification = "one coaching cycle"\nreview_due = 2027-05-01',
        'justification = "one coaching cycle"\nreview_due = 2026-11-23',
    ),
    ("E035", "purge_within_hours = 4", "purge_within_hours = 73"),
    ("E035", "purge_within_hours = 4", "purge_within_hours = 0"),
    (
        "E032",
        'max_days = 30\nclock = "event"\naction = "delete"',
        'max_days = 30\nclock = "event"\naction = "crypto_erase"',
    ),
    (
        "E033",
        'max_days = 1095\nclock = "event"\naction = "delete"\npurge_within_hours = 72\njustification = "acc',
        'max_days = 730\nclock = "event"\naction = "delete"\npurge_within_hours = 72\njustification = "acc',
    ),
    (
        "E034",
        'max_days = 1095\nclock = "event"\naction = "delete"\npurge_within_hours = 72\njustification = "Art',
        'max_days = 179\nclock = "event"\naction = "delete"\npurge_within_hours = 72\njustification = "Art',
    ),
    ("E037", "max_days = 7\n", "max_days = 6\n"),
    ("E037", "[retention.metadata]\nmax_days = 30", "[retention.metadata]\nmax_days = 10"),
    # recipients
    ("E040", 'contract_ref = "DPA-2025-014"\n', ""),
    ("E040", "contract_signed = 2025-12-01\n", ""),
    ("E040", "contract_expires = 2027-12-01\n", ""),
    ("E041", "contract_expires = 2027-12-01", "contract_expires = 2026-11-23"),
    ("W041", "contract_expires = 2027-12-01", "contract_expires = 2026-12-24"),
    ("E042", "vetted_on = 2026-10-01\n", ""),
    ("E042", "vetting_due = 2027-10-01", "vetting_due = 2026-11-23"),
    ("W042", "vetting_due = 2027-10-01", "vetting_due = 2026-11-24"),
    ("E043", 'country = "FI"', 'country = "US"'),
    ("E043", 'country = "FI"', 'country = "IN"\ntransfer = "we-asked-nicely"'),
    ("E044", 'sees = "ciphertext_and_metadata"     # ', 'sees = "plaintext" # '),
    ("E046", "no_training_clause = true", "no_training_clause = false"),
    ("E047", "api.inference.example:443", "*.inference.example:443"),
    ("E047", "api.inference.example:443", "http://api.inference.example"),
    ("E047", "api.inference.example:443", "api.inference.example"),
    # assessments
    ("E050", '"quality_review", "ai_assistant"]\nresidual', '"quality_review"]\nresidual'),
    ("E050", 'decision = "approved"', 'decision = "not_required"'),
    ("E050", "approved_on = 2026-10-05\n", ""),
    ("E051", "review_due = 2027-10-05", "review_due = 2026-11-23"),
    ("W051", "review_due = 2027-10-05", "review_due = 2026-12-01"),
    ("E052", 'residual_risk = "medium"', 'residual_risk = "high"'),
    ("E052", 'decision = "approved"', 'decision = "prior_consultation"\nconsulted_on = 2026-10-01'),
    # people and channels
    ("E060", 'roles = ["agent", "supervisor", "officer"]', 'roles = ["agent", "officer"]'),
    ("E080", 'agent = ["support"]', 'agent = ["support", "gossip"]'),
    ("E090", "statement_max_days = 90", "statement_max_days = 91"),
    ("E090", "agent_credential_max_days = 30", "agent_credential_max_days = 365"),
    ("E091", "site_identity_max_days = 180", "site_identity_max_days = 180\nstorage_max_days = 91"),
    ("E100", 'mode = "notify_only"', 'mode = "plain"'),
    ("E101", 'min_tls = "1.3"', 'min_tls = "1.2"'),
    ("E110", 'contacts = ["security@kettle.example", "privacy@kettle.example"]', 'contacts = [" "]'),
    ("W110", "tabletop_due = 2027-03-01", "tabletop_due = 2026-11-23"),
    ("W112", "internal_due = 2027-02-01", "internal_due = 2026-11-23"),
    # words
    ("E070", '[[notices]]\nid = "start"', '[[notices]]\nid = "support"'),
    ("E070", '[[notices]]\nid = "ai_assistant"', '[[notices]]\nid = "security"'),
    ("E071", 'label = { en = "Support", de = "Kundendienst" }', 'label = { en = "Support" }'),
    ("E071", 'label = { en = "Order number", de', 'label = { en = " ", de'),
    ("E071", 'default = "en"\n', 'default = "fr"\n'),
    ("E071", 'available = ["en", "de"]', 'available = ["en", "de", "fr"]'),
    ("E071", "[notices.more]\nen =", "[notices.more]\nfr ="),
    ("E072", "{rights}", ""),
    ("E072", "{withdraw}", ""),
    ("E072", "{contact}", "{owner}"),
    ("E072", "{contact}", "{contact"),
    ("E073", "version = 4\nmaterial = 4", "version = 3\nmaterial = 4"),
    ("E075", AI_EN, f"Don't miss out! {AI_EN}"),
    ("E075", AI_EN, f"{AI_EN} This is GDPR compliant."),
    ("E075", "Ihnen eine Kopie senden", "Letzte Chance: Kopie senden"),
)


def test_the_demo_is_in_order() -> None:
    report = check_policy(EXAMPLE, at=ON)
    assert report.findings == ()
    assert report.exit_code == OK


def test_metadata_may_go_sooner_where_no_chat_is_kept_open() -> None:
    days = ("[retention.metadata]\nmax_days = 30", "[retention.metadata]\nmax_days = {}")
    offered = ('id = "longer_time"', 'id = "policy_changed"')
    assert codes(signed(edited(days[0], days[1].format(11)))) == set()
    assert codes(signed(edited(*offered, days[0], days[1].format(8)))) == set()
    assert codes(signed(edited(*offered, days[0], days[1].format(7)))) == {"E037"}


def test_a_policy_whose_scope_nobody_approved_lacks_that_and_nothing_else() -> None:
    unsigned = re.sub(
        rb"(?m)^scope_digest = .*\nauthor = .*\napprover = .*\napproval = .*\n",
        b'scope_digest = "PLACEHOLDER"\n',
        EXAMPLE,
    )
    assert unsigned != EXAMPLE
    assert codes(unsigned) == {"E053"}
    assert codes(signed(unsigned)) == set()


@pytest.mark.parametrize(("code", "before", "after"), MUTATIONS, ids=lambda part: part[:40])
def test_what_is_wrong_is_found(code: str, before: str, after: str) -> None:
    found = [each for each in check_policy(edited(before, after), at=ON).findings if each.code == code]
    assert found
    assert all(each.path and each.message for each in found)


def test_a_signature_by_the_author_or_over_another_scope_approves_nothing() -> None:
    assert codes(edited('residual_risk = "medium"', 'residual_risk = "low"')) == {"E053"}
    author = re.search(r'^author = "(.*)"', EXAMPLE.decode(), re.MULTILINE)
    assert author is not None
    itself = re.sub(rb"(?m)^approver = .*$", f'approver = "{author[1]}"'.encode(), EXAMPLE)
    assert codes(itself) == {"E053"}
    assert codes(re.sub(rb"(?m)^approval = .*$", b'approval = "?"', EXAMPLE)) == {"E053"}


def test_warnings_alone_are_another_exit_code() -> None:
    assert check_policy(edited("tabletop_due = 2027-03-01", "tabletop_due = 2026-11-23"), at=ON).exit_code == WARNINGS


def test_a_consultation_eight_weeks_ago_is_enough() -> None:
    asked = edited('decision = "approved"', 'decision = "prior_consultation"\nconsulted_on = 2026-09-29')
    assert codes(signed(asked)) == set()


def test_a_country_with_an_instrument_may_receive() -> None:
    assert codes(signed(edited('country = "FI"', 'country = "US"\ntransfer = "scc-2021"'))) == set()


def test_every_code_that_the_rules_know_has_an_edit() -> None:
    room = Path(domain.__file__ or "").parent
    known = {
        code
        for file in room.glob("policy_*.py")
        if file.name != "policy_change.py"
        for code in re.findall(r'Finding\("([EW]\d+)"', file.read_text())
    }
    tried = {code for code, _, _ in MUTATIONS} | {"E053"}
    assert known - tried == {"W031"}, "W031 is in the test of dates"
    assert len(MUTATIONS) >= 60


def test_a_day_later_than_every_date_is_survived() -> None:
    assert {each for each in codes(EXAMPLE, at=dt.date(2030, 1, 1)) if each[0] == "E"} == {
        "E011",
        "E031",
        "E041",
        "E042",
        "E051",
    }
