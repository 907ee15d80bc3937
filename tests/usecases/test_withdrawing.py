"""Withdrawal at the relay: delivery stops at once, the next commit is the customer's, and the ledger says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.relay_members import agent_commit, envelopes, joined
from tests.support.relay_questions import Scene
from tests.support.relay_world import MINUTE

from sotto_keys.device.mls.processing import process_commit
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.receipt import open_receipt
from sotto_keys.shared.untrusted import BadSignature
from sotto_server.usecases.believed import believed
from sotto_server.usecases.close_conversation import close_conversation
from sotto_server.usecases.post_envelope import post_envelope
from sotto_wire.frames import CloseConversation
from sotto_wire.ids import Millis
from sotto_wire.limits import CLOCK_SKEW_MS, RESERVED_MS
from sotto_wire.refusals import ClockSkew, NotFound, StaleEpoch, TooFast

if TYPE_CHECKING:
    from tests.support.relay_world import AgentDevice, RelayWorld

    from sotto_keys.device.mls.member import Member
    from sotto_wire.claims import Signed


@pytest.fixture
def scene(relay: RelayWorld) -> Scene:
    return Scene.begin(relay)


@pytest.fixture
def ben(scene: Scene) -> AgentDevice:
    return scene.equip("ben")


@pytest.fixture
def given(scene: Scene, ben: AgentDevice) -> Signed:
    return scene.allow(scene.ask("second_agent", ben))


def delivered(scene: Scene, device: AgentDevice) -> list[str]:
    now = scene.relay.conversation(scene.name)
    member = now.member(device.key.public)
    until = now.head if member.until is None else member.until
    return [
        each.kind for each in envelopes(scene.relay, scene.name, device.key.public) if member.since < each.seq <= until
    ]


def test_a_withdrawal_is_kept_with_a_receipt(scene: Scene, given: Signed) -> None:
    recorded = scene.withdraw(signed := scene.withdrawal(given))
    trust = scene.relay.see(lambda unit, _, now: believed(unit), None).trust  # noqa: ARG005
    receipt = open_receipt(parse_envelope(recorded.receipt), trust)
    assert receipt.request_digest == scene.questions()[0].request.hex()
    assert scene.ledger() == ["open", "request", "give", "withdraw"]
    assert scene.questions()[0].standing == "withdrawn"
    assert scene.withdraw(signed) == recorded


def test_delivery_stops_at_once_with_what_was_not_delivered_yet(scene: Scene, ben: AgentDevice, given: Signed) -> None:
    scene.relay.ask(post_envelope, scene.customer.post(1), scene.customer.speaker)
    assert delivered(scene, ben) == ["welcome", "message"]
    scene.withdraw(scene.withdrawal(given))
    assert delivered(scene, ben) == []


def test_the_device_gets_the_commit_that_removes_it_and_nothing_more(
    scene: Scene, ben: AgentDevice, given: Signed
) -> None:
    scene.withdraw(scene.withdrawal(given))
    scene.relay.commit(scene.removing(ben, given), scene.customer.speaker)
    scene.customer.adopt()
    scene.relay.ask(post_envelope, scene.customer.post(1), scene.customer.speaker)
    assert delivered(scene, ben) == ["commit"]
    assert len(scene.standing()) == 1


def test_whoever_was_sent_away_says_nothing_more(scene: Scene, ben: AgentDevice, given: Signed) -> None:
    scene.withdraw(scene.withdrawal(given))
    with pytest.raises(NotFound):
        scene.relay.ask(close_conversation, CloseConversation(ref=1, conversation=scene.name), ben.speaker)


def test_no_message_is_taken_that_the_device_could_still_decrypt(scene: Scene, ben: AgentDevice, given: Signed) -> None:
    late = scene.customer.post(1)
    scene.withdraw(scene.withdrawal(given))
    with pytest.raises(StaleEpoch):
        scene.relay.ask(post_envelope, late, scene.customer.speaker)
    scene.relay.now = Millis(scene.relay.now + RESERVED_MS)
    with pytest.raises(StaleEpoch):
        scene.relay.ask(post_envelope, late, scene.customer.speaker)
    scene.relay.commit(scene.removing(ben, given), scene.customer.speaker)
    scene.customer.adopt()
    scene.relay.ask(post_envelope, scene.customer.post(1), scene.customer.speaker)


def test_the_next_commit_is_the_customers_for_half_a_minute(scene: Scene, ben: AgentDevice) -> None:
    member = joined(scene.relay, scene.customer, scene.ana)
    given = scene.allow(scene.ask("second_agent", ben))
    added = next(each for each in reversed(envelopes(scene.relay, scene.name, scene.ana.key.public)))
    member = followed(member, added.body)
    scene.withdraw(scene.withdrawal(given))
    commit = agent_commit(member, scene.customer, scene.ana)
    with pytest.raises(StaleEpoch):
        scene.relay.commit(commit, scene.ana.speaker)
    scene.relay.now = Millis(scene.relay.now + RESERVED_MS)
    scene.relay.commit(commit, scene.ana.speaker)
    assert scene.relay.conversation(scene.name).reserved_at is not None


def followed(member: Member, commit: bytes) -> Member:
    after = process_commit(member, commit).member
    assert after is not None
    return after


def test_the_reservation_ends_with_the_commit_it_was_made_for(scene: Scene, ben: AgentDevice, given: Signed) -> None:
    scene.withdraw(scene.withdrawal(given))
    scene.relay.commit(scene.removing(ben, given), scene.customer.speaker)
    assert scene.relay.conversation(scene.name).reserved_at is None


def test_a_withdrawal_is_taken_when_nothing_else_is(scene: Scene, given: Signed) -> None:
    scene.relay.ask(close_conversation, CloseConversation(ref=1, conversation=scene.name), scene.customer.speaker)
    scene.withdraw(scene.withdrawal(given))
    assert scene.ledger()[-1] == "withdraw"


def test_a_withdrawal_of_what_ran_out_already_is_taken(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    given = scene.allow(asking, scene.decision(asking, expires_at=Millis(scene.relay.now + MINUTE)))
    scene.relay.now = Millis(scene.relay.now + MINUTE)
    scene.relay.sweep(10)
    scene.withdraw(scene.withdrawal(given))
    assert scene.ledger()[-2:] == ["expire", "withdraw"]


def test_whoever_was_sent_away_is_not_asked_for_again(scene: Scene, ben: AgentDevice, given: Signed) -> None:
    scene.withdraw(scene.withdrawal(given))
    scene.relay.commit(scene.removing(ben, given), scene.customer.speaker)
    scene.relay.now = Millis(scene.relay.now + 20 * MINUTE)
    with pytest.raises(TooFast):
        scene.ask("second_agent", ben)


def test_only_the_customer_withdraws_and_only_what_was_given(scene: Scene, given: Signed) -> None:
    signed = scene.withdrawal(given)
    with pytest.raises(NotFound):
        scene.withdraw(signed, by=scene.ana)
    with pytest.raises(NotFound):
        scene.withdraw(scene.withdrawal(given, decision=bytes(32)))
    with pytest.raises(NotFound):
        scene.withdraw(scene.withdrawal(given, conversation=bytes(16)))
    with pytest.raises(NotFound):
        scene.withdraw(scene.withdrawal(scene.customer.start))
    with pytest.raises(BadSignature):
        scene.withdraw(msgspec.structs.replace(signed, signature=bytes(64)))
    with pytest.raises(ClockSkew):
        scene.withdraw(scene.withdrawal(given, withdrawn_at=scene.relay.now + CLOCK_SKEW_MS + 1))


def test_an_answer_is_no_withdrawal(scene: Scene, given: Signed) -> None:
    with pytest.raises(BadSignature):
        scene.withdraw(given)
