"""What time alone ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.relay_people import look
from tests.support.relay_world import MINUTE, NOW, AgentDevice, CustomerDevice
from tests.vectors.trust_world import DAY

from sotto_server.usecases.post_envelope import post_envelope
from sotto_server.usecases.sign_in import sign_out, use_sign_in
from sotto_server.usecases.sweep import SLICE, Swept
from sotto_wire.ids import Millis
from sotto_wire.refusals import NotSignedIn

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld


def swept(relay: RelayWorld, at: int) -> Swept:
    relay.now = Millis(at)
    return relay.sweep(SLICE)


def test_nothing_is_swept_before_its_time(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    result = swept(relay, NOW + 29 * MINUTE)
    assert (result.envelopes, result.closed, result.forgotten, result.sign_ins, result.key_packages) == (0,) * 5
    assert not result.more


def test_a_conversation_nobody_writes_in_closes(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    assert swept(relay, NOW + 30 * MINUTE).closed == 1
    assert relay.conversation(customer.conversation).stage == "closed"


def test_a_message_keeps_it_open_until_the_time_box(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    relay.now = Millis(NOW + 29 * MINUTE)
    relay.ask(post_envelope, customer.post(1), customer.speaker)
    assert swept(relay, NOW + 31 * MINUTE).closed == 0
    relay.now = Millis(NOW + 24 * 60 * MINUTE - 1)
    relay.ask(post_envelope, customer.post(2), customer.speaker)
    assert swept(relay, NOW + 24 * 60 * MINUTE).closed == 1


def test_undelivered_envelopes_leave_after_a_week_and_the_conversation_with_them(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    assert swept(relay, NOW + 30 * MINUTE).closed == 0
    assert swept(relay, NOW + DAY).closed == 1
    assert swept(relay, NOW + 7 * DAY - 1).envelopes == 0
    assert swept(relay, NOW + 7 * DAY).envelopes == 2
    assert relay.conversation(customer.conversation).gone == 2
    assert swept(relay, NOW + 8 * DAY).forgotten == 1
    assert relay.see(look, customer.conversation) is None
    assert len(relay.see(lambda unit, _, now: unit.ledger.find(), None)) == 1  # noqa: ARG005


def test_sign_ins_end_when_unused_or_old(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.hire(ana)
    assert swept(relay, NOW + 30 * MINUTE).sign_ins == 1
    with pytest.raises(NotSignedIn):
        relay.greet(ana)


def test_a_sign_in_in_use_lasts_but_not_longer_than_a_working_day(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.hire(ana)
    for minutes in range(20, 12 * 60, 20):
        relay.now = Millis(NOW + minutes * MINUTE)
        relay.do(use_sign_in, ana.speaker)
    relay.now = Millis(NOW + 12 * 60 * MINUTE)
    with pytest.raises(NotSignedIn):
        relay.do(use_sign_in, ana.speaker)


def test_who_signed_out_is_no_longer_known(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.hire(ana)
    digest = ana.speaker.token_digest
    assert digest is not None
    relay.do(sign_out, digest)
    with pytest.raises(NotSignedIn):
        relay.greet(ana)


def test_key_packages_leave_at_the_end_of_their_life(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana, packages=2)
    assert swept(relay, NOW + 8 * DAY).key_packages == 3


def test_a_full_slice_asks_for_another_round(relay: RelayWorld) -> None:
    for number in range(3):
        relay.open(CustomerDevice(f"customer {number}"))
    relay.now = Millis(NOW + 30 * MINUTE)
    assert relay.sweep(2).closed == 2
    assert relay.sweep(2).closed == 1
