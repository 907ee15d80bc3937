"""What was signed becomes records: each state by its name, each record naming the one before, and nothing that nobody signed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, cast
from uuid import RFC_4122, UUID

import pytest
from msgspec.structs import replace
from tests.support.policies import edited
from tests.support.saved_receipts import ANSWER, CLAIMS, CUSTOMER, POLICY, QUESTION
from tests.vectors.record_cases import (
    COME_IN,
    CONSENT,
    NOTICE,
    START,
    ended,
    moment_of,
    octets_of,
    over,
    record_vectors,
    steps,
    subject,
)
from tests.vectors.trust_world import DAY

from sotto_keys.shared.record.events import record_id, records_of
from sotto_keys.shared.record.terms import CONSENT_STATES
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.ids import Digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.vectors.record_cases import Said

    from sotto_keys.shared.record.shape import Record

EXAMPLE: Final = {
    "header": "@context schema_version profile record_id pii_principal_id pii_processing parties event",
    "pii_processing": "privacy_notice language purposes purpose_digest policy_digest lawful_basis pii_information"
    " pii_controllers collection_method processing_method automated storage_locations retention_period"
    " processing_locations geographic_restrictions service jurisdiction recipient_third_parties withdrawal_method"
    " privacy_rights impact_assessment authority_party",
    "privacy_notice": "id version uri digest dpv",
    "purposes": "id label purpose_type",
    "pii_information": "pii_type dpv pii_optional sensitive_pii_category special_pii_category",
    "withdrawal_method": "in_chat uri",
    "event": "event_state event_type event_time validity_duration entity_id indication_method previous nonce",
}
"""The fields of the worked example of a record, all of which a yes to an assistant must have."""
FORBIDDEN: Final = re.compile(
    r"user.?agent|\bip\b|address.{0,3}ip|referr?er|page_url|origin|geoloc|browser", re.IGNORECASE
)


def told(history: Sequence[Said]) -> tuple[Record, ...]:
    return records_of(subject(moment_of(history)), steps(history))


def states(history: Sequence[Said]) -> list[str]:
    return [each.event.event_state for each in told(history)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("given and withdrawn", "ConsentRequested ConsentGiven ConsentWithdrawn"),
        ("refused", "ConsentRequested ConsentRefused"),
        (
            "deferred, asked again and refused",
            "ConsentRequested ConsentRequestDeferred ConsentRequested ConsentRefused",
        ),
        ("never answered", "ConsentRequested ConsentExpired"),
        ("given until it ran out", "ConsentRequested ConsentGiven ConsentExpired"),
        ("invalidated", "ConsentRequested ConsentGiven ConsentInvalidated"),
        ("renewed", "ConsentRequested ConsentGiven RenewedConsentGiven"),
    ],
)
def test_what_becomes_of_a_question_about_consent_has_the_vocabulary_s_name(name: str, expected: str) -> None:
    assert states(CONSENT[name]) == [f"dpv:{each}" for each in expected.split()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("given and withdrawn", "AdmissionRequested NoticeAcknowledged AdmissionWithdrawn"),
        ("refused", "AdmissionRequested AdmissionRefused"),
        (
            "deferred, asked again and refused",
            "AdmissionRequested AdmissionDeferred AdmissionRequested AdmissionRefused",
        ),
        ("never answered", "AdmissionRequested AdmissionExpired"),
        ("given until it ran out", "AdmissionRequested NoticeAcknowledged AdmissionExpired"),
        ("invalidated", "AdmissionRequested NoticeAcknowledged AdmissionInvalidated"),
        ("renewed", "AdmissionRequested NoticeAcknowledged NoticeAcknowledged"),
    ],
)
def test_only_a_yes_acknowledges_a_notice(name: str, expected: str) -> None:
    assert states(NOTICE[name]) == [f"sotto:{each}" for each in expected.split()]


def test_the_start_of_a_chat_acknowledges_its_notice() -> None:
    (record,) = told(START)
    assert (record.record_type, record.event.event_state) == ("notice_acknowledgement", "sotto:NoticeAcknowledged")
    assert (record.pii_processing.privacy_notice.id, record.pii_processing.lawful_basis) == ("start", "eu-gdpr:A6-1-b")


@pytest.mark.parametrize("history", [START, *NOTICE.values()])
def test_what_does_not_rest_on_consent_says_consent_nowhere(history: Sequence[Said]) -> None:
    for record in told(history):
        assert "consent" not in record.to_bytes().decode().lower()


def test_what_rests_on_consent_is_no_acknowledgement() -> None:
    for record in told(CONSENT["given and withdrawn"]):
        assert record.record_type is None
        assert record.profile == "sotto-consent/1"
        assert record.schema_version == "https://w3id.org/dpv/schema/dpv-27560#record"


def test_a_yes_to_an_assistant_has_every_field_of_the_worked_example() -> None:
    given = json.loads(told(CONSENT["given and withdrawn"])[1].to_bytes())
    processing = given["pii_processing"]
    found = {
        "header": given,
        "pii_processing": processing,
        "privacy_notice": processing["privacy_notice"],
        "purposes": processing["purposes"][0],
        "pii_information": processing["pii_information"][0],
        "withdrawal_method": processing["withdrawal_method"],
        "event": given["event"],
    }
    missing = {part: set(fields.split()) - found[part].keys() for part, fields in EXAMPLE.items()}
    assert missing == {part: set() for part in EXAMPLE}


@pytest.mark.parametrize("history", [START, *CONSENT.values(), *NOTICE.values()])
def test_nothing_is_in_a_record_that_would_follow_a_person_elsewhere(history: Sequence[Said]) -> None:
    for record in told(history):
        octets = record.to_bytes().decode()
        assert FORBIDDEN.search(octets) is None
        # Not the key itself either, and no conversation: two files of one customer share nothing.
        assert CUSTOMER.public.hex() not in octets
        assert record.pii_principal_id == f"sha256:{digest_of(CUSTOMER.public).hex()}"


@pytest.mark.parametrize("history", [START, *CONSENT.values(), *NOTICE.values()])
def test_each_record_names_the_bytes_of_the_one_before(history: Sequence[Said]) -> None:
    records = told(history)
    named = [each.event.previous for each in records]
    assert named == [None, *(f"sha256:{digest_of(each.to_bytes()).hex()}" for each in records[:-1])]


def test_the_same_statements_are_the_same_bytes_and_what_comes_later_changes_none() -> None:
    asked, yes, _ = CONSENT["given and withdrawn"]
    whole = [each.to_bytes() for each in told(CONSENT["given and withdrawn"])]
    assert [each.to_bytes() for each in told((asked, yes))] == whole[:2]
    assert [each.to_bytes() for each in told((asked,))] == whole[:1]


def test_the_name_of_a_record_is_made_of_the_statement() -> None:
    digest = digest_of(octets_of(CLAIMS))
    (record,) = told(START)
    assert record.record_id == record_id(digest)
    assert record.event.statement.digest == f"sha256:{digest.hex()}"
    other = replace(CLAIMS, nonce=b"x" * 16)
    assert told((other,))[0].record_id != record.record_id


@pytest.mark.parametrize("filler", [b"\x00", b"\xff"])
def test_a_record_s_name_is_a_uuid_of_version_8(filler: bytes) -> None:
    name = UUID(record_id(Digest(filler * 32)))
    assert (name.version, name.variant) == (8, RFC_4122)


def test_who_signed_stands_in_the_record_with_what_was_signed() -> None:
    asked, given, withdrawn = (each.event for each in told(CONSENT["given and withdrawn"]))
    _, expired = (each.event for each in told(CONSENT["never answered"]))
    assert [each.entity_id for each in (asked, given, withdrawn, expired)] == [
        "pii_controller",
        "pii_principal",
        "pii_principal",
        "pii_controller",
    ]
    assert [each.statement.type.split(".")[2] for each in (asked, given, withdrawn, expired)] == [
        "request",
        "decision",
        "withdraw",
        "event",
    ]
    assert given.statement.answers == asked.statement.digest
    assert [each.nonce for each in (asked, given, withdrawn, expired)] == [
        "cXFxcXFxcXFxcXFxcXFxcQ",
        "YWFhYWFhYWFhYWFhYWFhYQ",
        "d3d3d3d3d3d3d3d3d3d3dw",
        None,
    ]


def test_a_signature_is_the_indication_and_no_answer_is_the_default() -> None:
    asked, given, withdrawn = (each.event for each in told(CONSENT["given and withdrawn"]))
    (start,) = told(START)
    assert asked.indication_method is None
    assert given.indication_method == "signature:given; alternatives=[given,refused,deferred]; default=none"
    assert withdrawn.indication_method == "signature:withdrawn; default=none"
    assert start.event.indication_method == "signature:given; default=none"


def test_a_yes_counts_as_long_as_the_decision_says_and_not_as_long_as_the_policy_allows() -> None:
    asked, given, withdrawn = (each.event for each in told(CONSENT["given and withdrawn"]))
    assert given.event_time == "2027-01-15T08:01:01.500Z"
    # The policy has thirty days; the conversation ends a day after its start, and with it the decision.
    assert given.validity_duration == "PT23H58M58.500S"
    assert asked.validity_duration == "PT23H59M59S"
    assert withdrawn.validity_duration == "P0D"


@pytest.mark.parametrize("answer", ["refused", "deferred"])
def test_a_no_counts_for_nothing(answer: str) -> None:
    (record,) = told((replace(ANSWER, answer=answer, expires_at=ANSWER.decided_at + DAY),))
    assert record.event.validity_duration == "P0D"


def test_the_words_are_named_once_they_were_signed_and_not_before() -> None:
    asked, given, withdrawn = (each.pii_processing for each in told(CONSENT["given and withdrawn"]))
    assert (asked.language, asked.privacy_notice.digest) == (None, None)
    words = f"sha256:{ANSWER.notice_digest.hex()}"
    for each in (given, withdrawn):
        assert (each.language, each.privacy_notice.digest) == ("en", words)


def test_consent_is_explicit_where_the_policy_asks_for_it_so() -> None:
    assert {each.event.event_type for each in told(CONSENT["refused"])} == {"dpv:ExplicitlyExpressedConsent"}
    review = (replace(QUESTION, moment="quality_review", purpose="quality_review"),)
    assert [each.event.event_type for each in told(review)] == ["dpv:ExpressedConsent"]
    assert [each.event.event_type for each in told(START)] == [None]


def test_a_yes_after_a_withdrawal_is_new_and_renews_nothing() -> None:
    again = replace(ANSWER, decided_at=ANSWER.decided_at + DAY)
    history = (*CONSENT["given and withdrawn"], QUESTION, again)
    assert states(history)[-1] == "dpv:ConsentGiven"


def test_a_renewed_yes_can_be_renewed() -> None:
    history = (*CONSENT["renewed"], replace(ANSWER, nonce=b"s" * 16))
    assert states(history)[-1] == "dpv:RenewedConsentGiven"


def test_each_record_says_what_the_policy_of_its_own_statement_said() -> None:
    wider = edited("Example Inference GmbH", "Another Inference GmbH")
    about = subject("ai_assistant")
    both = about.__class__(
        about.org, about.customer_key, about.desk, about.moment, {**about.policies, digest_of(wider): wider}
    )
    again = replace(ANSWER, policy_digest=digest_of(wider))
    first, second = records_of(both, steps((ANSWER, again)))
    assert [each.parties[1].party_name for each in (first, second)] == [
        "Example Inference GmbH",
        "Another Inference GmbH",
    ]
    assert first.pii_processing.policy_digest == f"sha256:{digest_of(POLICY).hex()}"


@pytest.mark.parametrize(
    ("moment", "history"),
    [
        ("ai_assistant", (replace(ANSWER, policy_digest=bytes(32)),)),
        ("ai_assistant", (replace(QUESTION, purpose="selling"),)),
        ("earlier_messages", (ANSWER,)),
        ("ai_assistant", (ended(ANSWER),)),
        ("ai_assistant", (over(b"nothing"),)),
    ],
    ids=["no such policy", "no such purpose", "no such question", "a withdrawal of nothing", "an end of nothing"],
)
def test_what_cannot_be_said_truthfully_is_not_said(moment: str, history: tuple[Said, ...]) -> None:
    with pytest.raises(Inconsistent):
        records_of(subject(moment), steps(history))


def test_a_time_that_no_calendar_has_is_refused() -> None:
    with pytest.raises(Malformed):
        told((COME_IN, replace(ended(COME_IN), withdrawn_at=2**53 - 1)))


def test_the_vectors_hold_every_state_of_consent() -> None:
    written = [record for vector in record_vectors() for record in cast("list[str]", vector["records"])]
    found = {json.loads(each)["event"]["event_state"] for each in written}
    assert set(CONSENT_STATES.values()) <= found
