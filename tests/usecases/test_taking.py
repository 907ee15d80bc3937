"""An agent's device: enrolled, issued, equipped with key packages, and offered to a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from tests.support.relay_people import Here, Waiting
from tests.support.relay_world import DESK, NOW, SHOP, SITE, AgentDevice, CustomerDevice

from sotto_keys.shared.untrusted import Untrusted
from sotto_server.domain.desk import Seat
from sotto_server.domain.speaker import Asked, Interest, Speaker
from sotto_server.usecases.administer import pending_devices
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.enrol_device import enrol_device
from sotto_server.usecases.greet import greet_customer
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_server.usecases.take import take
from sotto_wire.frames import DeviceChanged, EnrolDevice, Take
from sotto_wire.ids import AgentId, DeskId, Millis
from sotto_wire.limits import KEY_PACKAGES_HELD, KEY_PACKAGES_LOW, LAST_RESORT_LIFE_MS
from sotto_wire.refusals import NoCredential, NoKeyPackage, NotFound, NotSignedIn, WrongStage

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld

    from sotto_server.domain.rings import Rings
    from sotto_server.ports import UseCase


def test_a_device_is_unknown_then_pending_then_issued(relay: RelayWorld, ana: AgentDevice) -> None:
    assert relay.hire(ana).welcomed.device_state == "unknown"
    relay.ask(enrol_device, EnrolDevice(ref=1, label="laptop"), ana.speaker)
    assert relay.greet(ana).welcomed.device_state == "pending"
    assert [each.label for each in relay.see(pending_devices, None)] == ["laptop"]
    relay.do(publish_documents, Documents(credentials=(ana.credential(),)))
    welcomed = relay.greet(ana).welcomed
    assert (welcomed.device_state, welcomed.credential) == ("issued", ana.credential())
    assert relay.see(pending_devices, None) == []


def test_without_a_credential_nothing_is_published(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.hire(ana)
    with pytest.raises(NoCredential):
        relay.publish(ana, [ana.key_package()])


def test_a_key_package_of_another_device_is_refused(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    with pytest.raises(Untrusted):
        relay.publish(ana, [AgentDevice(device="device-eve").key_package()])


def test_a_last_resort_package_is_not_taken_for_a_single_use_one(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    with pytest.raises(Untrusted):
        relay.publish(ana, [ana.key_package(last_resort=True)])


def test_a_damaged_key_package_is_refused(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    package = bytearray(ana.key_package())
    package[40] ^= 1
    with pytest.raises(Untrusted):
        relay.publish(ana, [bytes(package)])


def test_publishing_the_same_packages_again_changes_nothing(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana, packages=0)
    package = ana.key_package()
    assert relay.publish(ana, [package]).single_use == 1
    assert relay.publish(ana, [package]).single_use == 1


def test_no_device_fills_the_directory(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana, packages=0)
    for _ in range(KEY_PACKAGES_HELD // 50):
        relay.publish(ana, [ana.key_package() for _ in range(50)])
    assert relay.publish(ana, [ana.key_package()]).single_use == KEY_PACKAGES_HELD


def test_taking_offers_a_claimed_key_package_to_the_customer(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana, packages=2)
    relay.open(customer)
    assert relay.take(ana).card.stage == "proposed"
    assert relay.offered(customer.conversation) in {each.public.to_message() for each in ana.packages}
    assert relay.greet(ana).welcomed.key_packages == 1


def test_taking_the_same_one_again_gets_the_same_answer(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.open(customer)
    first = relay.take(ana, customer.conversation)
    assert relay.take(ana, customer.conversation) == first
    assert relay.greet(ana).welcomed.key_packages == 1


def test_the_longest_wait_is_taken_first(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.open(customer)
    relay.open(CustomerDevice("later"))
    assert relay.take(ana).card.conversation == customer.conversation


def test_when_nobody_waits_there_is_nothing_to_take(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    with pytest.raises(NotFound):
        relay.take(ana)


def test_two_agents_cannot_take_one_conversation(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    ben = AgentDevice("ben", "device-ben")
    relay.equip(ana)
    relay.equip(ben)
    relay.open(customer)
    relay.take(ana, customer.conversation)
    with pytest.raises(WrongStage):
        relay.take(ben, customer.conversation)


def test_the_last_resort_package_serves_when_the_others_are_gone(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana, packages=0)
    for name in ("one", "two"):
        customer = CustomerDevice(name)
        relay.open(customer)
        relay.take(ana, customer.conversation)
        assert relay.offered(customer.conversation) == ana.packages[-1].public.to_message()


def test_few_key_packages_ring_the_device_and_the_alarm(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana, packages=KEY_PACKAGES_LOW + 1)
    low = []
    for name in ("one", "two", "three"):
        relay.open(CustomerDevice(name))
        low.append(rings_of_taking(relay, ana).low)
    assert low == [{}, {ana.key.public: KEY_PACKAGES_LOW - 1}, {ana.key.public: KEY_PACKAGES_LOW - 2}]


def test_what_a_device_is_told_of_its_key_packages(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana, packages=2)
    relay.open(CustomerDevice("one"))
    rings_of_taking(relay, ana)
    device = Interest(
        followed={}, conversations=frozenset(), desks=frozenset(), device=True, trust=False, everything=False
    )
    frames = relay.see(collect, Collecting(device, ana.speaker, Here())).frames
    (told,) = (each for each in frames if isinstance(each, DeviceChanged))
    assert (told.key_packages, told.last_resort_until) == (1, NOW + LAST_RESORT_LIFE_MS)


def test_a_last_resort_that_lasts_too_long_is_refused(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    with pytest.raises(Untrusted):
        relay.publish(ana, [], ana.key_package(last_resort=True, at=Millis(NOW + 1000)))


def rings_of_taking(relay: RelayWorld, device: AgentDevice) -> Rings:
    asked = Asked(Take(ref=1, desk=DESK, conversation=None), device.speaker)
    (outcome,) = relay.store.run([Waiting(cast("UseCase[object, object]", take), asked, relay.now)])
    assert outcome.error is None
    return outcome.rings


def test_a_device_without_packages_takes_nothing(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    relay.hire(ana)
    relay.do(publish_documents, Documents(credentials=(ana.credential(),)))
    relay.open(customer)
    with pytest.raises(NoKeyPackage):
        relay.take(ana)


def test_a_credential_of_another_desk_takes_nothing(relay: RelayWorld, customer: CustomerDevice) -> None:
    stranger = AgentDevice(desks=("returns",))
    relay.equip(stranger)
    relay.open(customer)
    with pytest.raises(NoCredential):
        relay.take(stranger)


def test_an_agent_who_does_not_sit_at_the_desk_finds_none(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.do(lambda unit, _, /, now: unit.seats.remove("ana", DESK), None)  # noqa: ARG005
    with pytest.raises(NotFound):
        relay.take(ana)


def test_a_device_stays_its_first_agents(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    with pytest.raises(NotSignedIn):
        relay.hire(AgentDevice("eve", "device-ana"))


def test_enrolling_again_renews_the_label_and_keeps_the_place(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.hire(ana)
    for label in ("laptop", "old laptop"):
        relay.do(enrol_device, Asked(EnrolDevice(ref=1, label=label), ana.speaker))
    (device,) = relay.see(pending_devices, None)
    assert device.label == "old laptop"


def test_an_agents_device_is_not_greeted_as_a_customer(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.hire(ana)
    spoken = Speaker(role="customer", device=ana.key.public, site=SITE, origin=SHOP, address=None)
    with pytest.raises(NotSignedIn):
        relay.see(greet_customer, spoken)


def test_a_conversation_of_another_desk_is_not_found(relay: RelayWorld, customer: CustomerDevice) -> None:
    both = AgentDevice(device="device-both", desks=(DESK, "returns"))
    relay.hire(both)
    relay.open(customer)
    relay.do(lambda unit, _, /, now: unit.seats.put(Seat(agent=AgentId("ana"), desk=DeskId("returns"))), None)  # noqa: ARG005
    relay.do(publish_documents, Documents(credentials=(both.credential(),)))
    with pytest.raises(NotFound):
        relay.ask(take, Take(ref=1, desk="returns", conversation=customer.conversation), both.speaker)
