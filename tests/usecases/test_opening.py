"""Opening a conversation: what the relay takes into its queue, and what it does not."""

from __future__ import annotations

import json
from base64 import b64decode
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.relay_people import Here
from tests.support.relay_world import DESK, MINUTE, NOW, SITE, CustomerDevice
from tests.vectors.trust_world import DAY, World, trust_document

from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.receipt import open_receipt
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.domain.speaker import Asked
from sotto_server.usecases.believed import believed
from sotto_server.usecases.open_conversation import open_conversation, verify_opening
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_server.usecases.watch_queue import queue_of
from sotto_wire.ids import Millis
from sotto_wire.refusals import ClockSkew, CommitNotAllowed, ConsentMissing, NotFound, ProofFailed, Refused

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld


def test_an_opened_conversation_waits_at_its_desk(relay: RelayWorld, customer: CustomerDevice) -> None:
    opened = relay.open(customer)
    assert (opened.card.stage, opened.card.site, opened.card.desk) == ("waiting", SITE, DESK)
    assert opened.card.closes_at == NOW + 24 * 60 * MINUTE
    queue = relay.see(lambda unit, desk, now: queue_of(unit, desk, presence=Here()), DESK)  # noqa: ARG005
    assert [each.conversation for each in queue.waiting] == [customer.conversation]
    assert (queue.waiting_count, queue.active_count) == (1, 0)


def test_the_receipt_is_the_relays_statement_about_the_start_decision(
    relay: RelayWorld, customer: CustomerDevice
) -> None:
    opened = relay.open(customer)
    trust = relay.see(lambda unit, _, now: believed(unit).trust, None)  # noqa: ARG005
    receipt = open_receipt(parse_envelope(opened.receipt), trust)
    assert (receipt.ledger_index, receipt.received_at) == (1, NOW)
    ledger = relay.see(lambda unit, _, now: unit.ledger.find(), None)  # noqa: ARG005
    assert [each.digest.hex() for each in ledger] == [receipt.decision_digest]


def test_the_same_opening_again_gets_the_same_answer(relay: RelayWorld, customer: CustomerDevice) -> None:
    frame = customer.opening()
    first = relay.open(customer, frame)
    assert relay.open(customer, frame) == first


def test_other_bytes_for_the_same_conversation_are_refused(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    with pytest.raises(NotFound):
        relay.open(CustomerDevice(at=Millis(NOW + 1)))


def test_who_comes_later_is_told_how_many_wait_longer(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    relay.now = Millis(NOW + 1)
    assert relay.open(CustomerDevice("another")).ahead == 1


def test_a_desk_that_the_site_does_not_have_is_not_found(relay: RelayWorld) -> None:
    with pytest.raises(NotFound):
        relay.open(CustomerDevice(desk="returns"))


def test_a_group_of_another_device_is_refused(relay: RelayWorld, customer: CustomerDevice) -> None:
    thief = CustomerDevice("thief")
    with pytest.raises(CommitNotAllowed):
        relay.see(verify_opening, Asked(customer.opening(), thief.speaker))


def test_a_group_under_another_conversations_name_is_refused(relay: RelayWorld, customer: CustomerDevice) -> None:
    frame = msgspec.structs.replace(customer.opening(), conversation=b"another-talk-000")
    with pytest.raises(CommitNotAllowed):
        relay.open(customer, frame)


def test_another_customers_decision_opens_nothing(relay: RelayWorld, customer: CustomerDevice) -> None:
    frame = msgspec.structs.replace(customer.opening(), start=CustomerDevice("another").start)
    with pytest.raises((ProofFailed, Untrusted)):
        relay.open(customer, frame)


def test_a_decision_of_ten_minutes_ago_is_refused(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.now = Millis(NOW + 10 * MINUTE)
    with pytest.raises(ClockSkew):
        relay.open(customer)


def test_a_policy_that_trust_does_not_list_needs_a_notice_first(relay: RelayWorld, customer: CustomerDevice) -> None:
    without = World().with_trust(trust_document(2, policies=[]))
    relay.do(publish_documents, Documents(trust=without.trust))
    with pytest.raises(ConsentMissing):
        relay.open(customer)


def test_nothing_opens_when_trust_has_run_out(relay: RelayWorld) -> None:
    late = Millis(NOW + 40 * DAY)
    relay.now = late
    with pytest.raises(ProofFailed):
        relay.open(CustomerDevice(at=late))


def test_trust_that_moved_between_proof_and_use_is_asked_again(relay: RelayWorld, customer: CustomerDevice) -> None:
    verified = relay.see(verify_opening, Asked(customer.opening(), customer.speaker))
    relay.do(publish_documents, Documents(trust=World().with_trust(trust_document(2, policies=[])).trust))
    with pytest.raises(ConsentMissing):
        relay.do(partial(open_conversation, signer=relay.signer), verified)


def test_any_damaged_byte_of_the_group_is_a_refusal_and_never_a_crash(
    relay: RelayWorld, customer: CustomerDevice
) -> None:
    frame = customer.opening()
    for place in range(0, len(frame.group_info), 7):
        octets = bytearray(frame.group_info)
        octets[place] ^= 0x41
        with pytest.raises((Refused, Untrusted)):
            relay.open(customer, msgspec.structs.replace(frame, group_info=bytes(octets)))


def test_a_receipt_names_no_one(relay: RelayWorld, customer: CustomerDevice) -> None:
    receipt = json.loads(b64decode(json.loads(relay.open(customer).receipt)["payload"]))
    assert set(receipt) == {
        "org",
        "conversation",
        "decision_digest",
        "request_digest",
        "received_at",
        "ledger_index",
    }
