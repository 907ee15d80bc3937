"""A customer's own file gives a record for each of their statements: the file itself keeps none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec.structs import replace
from tests.support.saved_receipts import ANSWER, CLAIMS, POLICY, Saved, asked, assistant, kept_open, with_guest
from tests.vectors.trust_world import DAY, NOW

from sotto_keys.shared.policy.notice_text import START, notice_text
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.receipt_bundle import verify_bundle
from sotto_keys.shared.record.saved import saved_records
from sotto_keys.shared.record.shape import array_of
from sotto_keys.shared.text_forms import digest_of
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from sotto_keys.shared.record.shape import Record


def records(octets: bytes) -> tuple[Record, ...]:
    return saved_records(verify_bundle(octets, pinned=None))


def test_each_decision_and_each_withdrawal_of_the_file_is_a_record() -> None:
    found = records(with_guest(assistant()))
    assert [(each.pii_processing.privacy_notice.id, each.event.event_state) for each in found] == [
        ("start", "sotto:NoticeAcknowledged"),
        ("ai_assistant", "dpv:ConsentGiven"),
        ("ai_assistant", "dpv:ConsentWithdrawn"),
    ]
    assert found[2].event.previous == f"sha256:{found[1].digest.hex()}"


def test_what_the_file_does_not_hold_has_no_record_and_is_named_by_its_digest() -> None:
    _, given = records(with_guest(assistant(withdrawn=False)))
    assert given.event.previous is None
    assert ANSWER.request is not None
    assert given.event.statement.answers == f"sha256:{ANSWER.request.hex()}"


def test_a_person_let_in_for_the_chat_itself_is_no_consent() -> None:
    states = [each.event.event_state for each in records(with_guest(asked()))]
    assert states == ["sotto:NoticeAcknowledged", "sotto:NoticeAcknowledged", "sotto:AdmissionWithdrawn"]


def test_a_chat_that_is_kept_open_renews_its_start() -> None:
    found = records(with_guest(assistant(withdrawn=False), kept_open(), kept_open(at=NOW + DAY - 1, nonce=b"m" * 16)))
    assert [(each.pii_processing.privacy_notice.id, each.event.event_state) for each in found] == [
        ("start", "sotto:NoticeAcknowledged"),
        ("longer_time", "sotto:NoticeAcknowledged"),
        ("longer_time", "sotto:NoticeAcknowledged"),
        ("ai_assistant", "dpv:ConsentGiven"),
    ]
    start, longer, again, asked_for = found
    assert [each.event.previous for each in found] == [
        None,
        f"sha256:{start.digest.hex()}",
        f"sha256:{longer.digest.hex()}",
        None,
    ]
    assert (again.event.validity_duration, again.event.indication_method) == ("P1D", start.event.indication_method)
    assert asked_for.event.statement.answers is not None


def test_the_words_that_were_shown_decide_the_language() -> None:
    german = notice_text(read_policy(POLICY), START, desk="support", language="de")
    claims = replace(CLAIMS, notice_digest=german.digest)
    (record,) = records(Saved(claims=claims, shown=german.paragraphs).bytes())
    assert record.pii_processing.language == "de"
    assert record.pii_processing.service == "Kettle & Cup Ltd: Kundendienst"


def test_a_record_names_the_decision_by_the_digest_that_stands_everywhere() -> None:
    (record,) = records(Saved().bytes())
    assert record.event.statement.digest == f"sha256:{digest_of(encode_claims(CLAIMS)).hex()}"


def test_each_record_of_an_array_has_the_line_that_the_next_one_names() -> None:
    found = records(with_guest(assistant()))
    opening, *lines, closing, rest = array_of(found).split(b"\n")
    assert (opening, closing, rest) == (b"[", b"]", b"")
    assert [digest_of(each.removesuffix(b",")) for each in lines] == [each.digest for each in found]
    assert len(json.loads(array_of(found))) == 3


def test_no_records_are_an_array_too() -> None:
    assert json.loads(array_of(())) == []
