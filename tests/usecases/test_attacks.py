"""Attacks on the rules behind the socket, each of which once worked: who was shut out stays out, whatever order things came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.relay_members import agent_commit, joined, put_on_offer
from tests.support.relay_world import DESK, NOW, SHOP, SITE, AgentDevice, CustomerDevice, RelayWorld
from tests.vectors.trust_world import World, credential, credential_document, trust_document

from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_server.domain.speaker import Asked, Speaker
from sotto_server.usecases.administer import disable_agent
from sotto_server.usecases.enrol_device import enrol_device
from sotto_server.usecases.follow import follow
from sotto_server.usecases.greet import greet_customer
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_server.usecases.sign_in import sign_out
from sotto_server.usecases.watch_queue import watch_queue
from sotto_wire.frames import EnrolDevice, Follow, WatchQueue
from sotto_wire.ids import AgentId
from sotto_wire.refusals import NoCredential, NotFound, NotSignedIn

if TYPE_CHECKING:
    from sotto_keys.shared.strict_json import Json

MINUTE = 60 * 1000


def revoke(relay: RelayWorld, name: str, *, at: int = NOW) -> None:
    revoked: Json = [{"cred_id": name, "at": at, "reason": "lost"}]
    document = trust_document(2, revoked=revoked, issued=at)
    relay.do(publish_documents, Documents(trust=World().with_trust(document).trust))


def test_an_officers_clock_that_is_ahead_does_not_put_a_revocation_off(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    # Clocks agree within five minutes, not exactly; and nobody asks again until the next document.
    relay.equip(ana)
    relay.meet(customer, ana)
    revoke(relay, "device-ana-1", at=NOW + 2 * MINUTE)
    assert relay.greet(ana).welcomed.device_state == "revoked"
    with pytest.raises(NotFound):
        relay.ask(follow, Follow(ref=1, conversation=customer.conversation, after=0), ana.speaker)


def test_a_credential_nobody_published_is_revoked_like_any_other(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    # Ana lets Ben in with a key package he gave her: the relay sees his credential in the commit alone.
    ben = AgentDevice("ben", "device-ben")
    relay.equip(ana)
    relay.hire(ben)
    relay.meet(customer, ana)
    member = joined(relay, customer, ana)
    relay.do(put_on_offer, (customer.conversation, ben.key.public))
    relay.commit(agent_commit(member, customer, ana, add=parse_key_package(ben.key_package())), ana.speaker)
    hear = Follow(ref=1, conversation=customer.conversation, after=0)
    relay.ask(follow, hear, ben.speaker)
    revoke(relay, "device-ben-1")
    with pytest.raises(NotFound):
        relay.ask(follow, hear, ben.speaker)


def test_a_device_with_a_credential_is_no_customer_even_before_it_ever_signed_in(
    relay: RelayWorld, ana: AgentDevice
) -> None:
    relay.do(publish_documents, Documents(credentials=(ana.credential(),)))
    as_customer = Speaker(role="customer", device=ana.key.public, site=SITE, origin=SHOP, address=None)
    with pytest.raises(NotSignedIn):
        relay.see(greet_customer, as_customer)


def test_who_was_disabled_does_nothing_more_on_a_socket_that_is_still_open(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.open(customer)
    relay.do(disable_agent, AgentId("ana"))
    with pytest.raises(NotSignedIn):
        relay.publish(ana, [ana.key_package()])
    with pytest.raises(NotSignedIn):
        relay.take(ana)
    with pytest.raises(NotSignedIn):
        relay.see(watch_queue, Asked(WatchQueue(ref=1, desk=DESK), ana.speaker))
    with pytest.raises(NotSignedIn):
        relay.ask(enrol_device, EnrolDevice(ref=1, label="laptop"), ana.speaker)
    assert relay.conversation(customer.conversation).stage == "waiting"


def test_who_signed_out_takes_nothing_on_a_socket_that_is_still_open(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.open(customer)
    digest = ana.speaker.token_digest
    assert digest is not None
    relay.do(sign_out, digest)
    with pytest.raises(NotSignedIn):
        relay.take(ana)


def test_nobody_answers_under_a_colleagues_credential(relay: RelayWorld, customer: CustomerDevice) -> None:
    # Ana signs in on a device whose credential says Ben: the customer would be told Ben.
    borrowed = AgentDevice("ana", "device-ben")
    relay.hire(borrowed)
    bens = credential(credential_document("device-ben", cred_id="device-ben-1", person="ben"))
    relay.do(publish_documents, Documents(credentials=(bens,)))
    relay.open(customer)
    with pytest.raises(NoCredential):
        relay.take(borrowed)
