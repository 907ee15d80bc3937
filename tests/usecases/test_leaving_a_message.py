"""Nobody is there: the customer leaves a message, devices on call are added, and the first that reads it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.relay_people import Here
from tests.support.relay_world import DESK, MINUTE, NOW, AgentDevice, CustomerDevice
from tests.vectors.trust_world import DAY, credential, credential_document

from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_server.domain.speaker import Asked
from sotto_server.usecases.acknowledge import acknowledge
from sotto_server.usecases.leave_message import choose_on_call, leave_message
from sotto_server.usecases.post_envelope import post_envelope
from sotto_server.usecases.watch_queue import queue_of
from sotto_wire.claims import CommitNote
from sotto_wire.codec import encode_claims
from sotto_wire.frames import Acknowledge, Commit, LeaveMessage, OnCall
from sotto_wire.ids import Millis
from sotto_wire.limits import KEY_PACKAGES_LOW, MESSAGE_LEFT_MS
from sotto_wire.refusals import NotFound, WrongStage

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld


class DeviceOnCall(AgentDevice):
    """Its credential says so."""

    def credential(self, signers: str = "issuing-a") -> bytes:
        document = credential_document(self.device, cred_id=f"{self.device}-1", person=self.agent)
        return credential(document | {"desks": list(self.desks), "roles": ["agent", "on_call"]}, signers)


class Caller(CustomerDevice):
    """A customer who adds devices on call."""

    def call(self, package: bytes) -> Commit:
        note = CommitNote(committed_at=self.at, relies_on=None, decision=self.start, trust_version=None, on_call=1)
        self.pending = create_commit(
            self.member, authenticated_data=encode_claims(note), entropy=self.dice, add=[parse_key_package(package)]
        )
        return Commit(
            ref=1,
            conversation=self.conversation,
            group=1,
            epoch=self.member.epoch,
            commit=self.pending.message,
            welcome=self.pending.welcome,
        )


@pytest.fixture
def customer() -> Caller:
    return Caller()


def leave(relay: RelayWorld, customer: CustomerDevice) -> OnCall:
    asked = Asked(LeaveMessage(ref=1, conversation=customer.conversation), customer.speaker)
    return relay.do(leave_message, relay.see(choose_on_call, asked))


def equip(relay: RelayWorld, *names: str, packages: int = 2) -> list[DeviceOnCall]:
    devices = [DeviceOnCall(name, f"device-{name}") for name in names]
    for each in devices:
        relay.equip(each, packages=packages)
    return devices


def left(relay: RelayWorld, customer: Caller) -> dict[bytes, bytes]:
    """A message was left and everybody on call is in; their Welcomes by device."""
    relay.open(customer)
    members = {}
    for package in leave(relay, customer).key_packages:
        frame = customer.call(package)
        relay.commit(frame, customer.speaker)
        customer.adopt()
        assert frame.welcome is not None
        members[parse_key_package(package).leaf.signature_key] = frame.welcome
    return members


def answers(relay: RelayWorld, customer: Caller, device: DeviceOnCall, welcome: bytes) -> None:
    """The last one on call reads: an empty path is enough where nobody else is on call."""
    own = device.packages[-1]
    member = join(welcome, own, signing_key=SecretBytes(device.key.reveal_seed()))
    note = encode_claims(CommitNote(committed_at=NOW, relies_on=None, decision=None, trust_version=None))
    made = create_commit(member, authenticated_data=note, entropy=device.dice)
    frame = Commit(
        ref=1, conversation=customer.conversation, group=1, epoch=member.epoch, commit=made.message, welcome=None
    )
    relay.commit(frame, device.speaker)


def test_up_to_three_on_call_are_named_one_of_each_person_first(relay: RelayWorld, customer: Caller) -> None:
    equip(relay, "ana", "ben", "cleo", "dan")
    relay.open(customer)
    answer = leave(relay, customer)
    people = {parse_key_package(each).leaf.signature_key for each in answer.key_packages}
    assert (answer.card.stage, len(people)) == ("left", 3)


def test_an_agent_who_is_not_on_call_is_not_named(relay: RelayWorld, customer: Caller, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.open(customer)
    with pytest.raises(NotFound):
        leave(relay, customer)
    assert relay.conversation(customer.conversation).stage == "waiting"


def test_somebody_on_call_for_another_desk_is_not_named(relay: RelayWorld, customer: Caller) -> None:
    relay.equip(DeviceOnCall("ana", "device-ana", ("returns",)))
    relay.open(customer)
    with pytest.raises(NotFound):
        leave(relay, customer)


def test_a_stranger_leaves_no_message_in_anothers_conversation(relay: RelayWorld, customer: Caller) -> None:
    equip(relay, "ana")
    relay.open(customer)
    asked = Asked(LeaveMessage(ref=1, conversation=customer.conversation), Caller("stranger").speaker)
    with pytest.raises(NotFound):
        relay.see(choose_on_call, asked)


def test_the_last_resort_serves_where_one_time_packages_run_low(relay: RelayWorld, customer: Caller) -> None:
    (ana,) = equip(relay, "ana", packages=KEY_PACKAGES_LOW)
    relay.open(customer)
    (package,) = leave(relay, customer).key_packages
    assert parse_key_package(package).is_last_resort
    assert relay.greet(ana).welcomed.key_packages == KEY_PACKAGES_LOW


def test_where_there_are_plenty_a_one_time_package_is_used(relay: RelayWorld, customer: Caller) -> None:
    (ana,) = equip(relay, "ana", packages=KEY_PACKAGES_LOW + 1)
    relay.open(customer)
    (package,) = leave(relay, customer).key_packages
    assert not parse_key_package(package).is_last_resort
    assert relay.greet(ana).welcomed.key_packages == KEY_PACKAGES_LOW


def test_asking_again_names_only_who_is_not_in_yet(relay: RelayWorld, customer: Caller) -> None:
    equip(relay, "ana", "ben")
    relay.open(customer)
    relay.commit(customer.call(leave(relay, customer).key_packages[0]), customer.speaker)
    customer.adopt()
    assert len(leave(relay, customer).key_packages) == 1


def test_a_left_message_stands_apart_from_the_queue_and_outlasts_the_idle_time(
    relay: RelayWorld, customer: Caller
) -> None:
    equip(relay, "ana")
    left(relay, customer)
    relay.ask(post_envelope, customer.post(1), customer.speaker)
    queue = relay.see(lambda unit, desk, now: queue_of(unit, desk, presence=Here()), DESK)  # noqa: ARG005
    assert ([each.why for each in queue.waiting], queue.waiting_count) == (["message_left"], 0)
    relay.now = Millis(NOW + DAY)
    relay.sweep(10)
    assert relay.conversation(customer.conversation).stage == "left"
    relay.now = Millis(NOW + MESSAGE_LEFT_MS)
    relay.sweep(10)
    assert relay.conversation(customer.conversation).stage == "closed"


def test_the_first_commit_of_somebody_on_call_answers(relay: RelayWorld, customer: Caller) -> None:
    (ana,) = equip(relay, "ana", packages=0)
    welcomes = left(relay, customer)
    answers(relay, customer, ana, welcomes[ana.key.public])
    after = relay.conversation(customer.conversation)
    assert (after.stage, after.closes_at) == ("active", NOW + DAY)
    with pytest.raises(WrongStage):
        leave(relay, customer)


def test_who_took_it_meanwhile_is_too_late_once_somebody_on_call_answers(
    relay: RelayWorld, customer: Caller, ana: AgentDevice
) -> None:
    (ben,) = equip(relay, "ben", packages=0)
    relay.equip(ana)
    welcomes = left(relay, customer)
    assert relay.take(ana, customer.conversation).card.stage == "proposed"
    answers(relay, customer, ben, welcomes[ben.key.public])
    after = relay.conversation(customer.conversation)
    assert (after.stage, after.proposed) == ("active", None)


def test_a_left_message_whose_readers_are_all_revoked_waits_again(relay: RelayWorld, customer: Caller) -> None:
    (ana,) = equip(relay, "ana")
    left(relay, customer)
    relay.revoke(ana)
    assert relay.conversation(customer.conversation).stage == "waiting"


def test_an_answer_that_lies_undelivered_keeps_the_conversation_open(
    relay: RelayWorld, customer: Caller, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    for by, seq in ((customer.speaker, 2), (ana.speaker, 2)):
        relay.ask(acknowledge, Acknowledge(conversation=customer.conversation, seq=seq), by)
    relay.ask(post_envelope, customer.post(1), customer.speaker)
    relay.ask(acknowledge, Acknowledge(conversation=customer.conversation, seq=3), customer.speaker)
    later = Millis(NOW + 31 * MINUTE)
    relay.now = later
    relay.sweep(10)
    assert relay.conversation(customer.conversation).stage == "active"
    relay.ask(acknowledge, Acknowledge(conversation=customer.conversation, seq=3), ana.speaker)
    relay.now = later
    relay.sweep(10)
    assert relay.conversation(customer.conversation).stage == "closed"
