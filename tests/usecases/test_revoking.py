"""Documents at the relay: what is newer and proven is kept; who is revoked is cut off in the same transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from tests.support.relay_people import Here, Waiting
from tests.support.relay_world import DESK, NOW, AgentDevice, CustomerDevice, RelayWorld
from tests.vectors.trust_world import (
    DAY,
    POLICY,
    World,
    credential,
    credential_document,
    root_document,
    sign,
    trust_document,
)

from sotto_keys.shared.dsse import ROOT_TYPE, parse_envelope
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.adapters.memory.store import MemoryStore
from sotto_server.domain.speaker import Collected, Interest
from sotto_server.usecases.acknowledge import acknowledge
from sotto_server.usecases.administer import disable_agent, list_agents
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.finding import trust_bundle_of
from sotto_server.usecases.post_envelope import post_envelope
from sotto_server.usecases.publish_documents import Documents, anchor_root, prove_documents, publish_documents
from sotto_server.usecases.show_documents import show_policy, show_trust, show_trust_standing
from sotto_server.usecases.standing import device_standing
from sotto_server.usecases.watch_queue import queue_of
from sotto_wire.frames import Acknowledge
from sotto_wire.ids import AgentId, Digest, Millis
from sotto_wire.refusals import NoCredential, NotFound, NotNewer, NotSignedIn, Unavailable

if TYPE_CHECKING:
    from sotto_server.domain.rings import Rings
    from sotto_server.ports import UseCase
    from sotto_wire.frames import QueueEntry


def rings_of(relay: RelayWorld, documents: Documents) -> Rings:
    publish = cast("UseCase[object, object]", publish_documents)
    (outcome,) = relay.store.run([Waiting(publish, documents, relay.now)])
    assert outcome.error is None
    return outcome.rings


def everything(relay: RelayWorld, device: AgentDevice) -> Collected:
    look = Interest(followed={}, conversations=frozenset(), desks=frozenset(), device=True, trust=True, everything=True)
    return relay.see(collect, Collecting(look, device.speaker, Here()))


def test_a_revoked_device_is_cut_off_at_once(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    revoked = [{"cred_id": "device-ana-1", "at": NOW, "reason": "lost"}]
    newer = World().with_trust(trust_document(2, revoked=revoked)).trust  # type: ignore[arg-type]
    rings = rings_of(relay, Documents(trust=newer))
    assert (rings.cut, rings.trust) == (frozenset({ana.key.public}), True)
    with pytest.raises(NotFound):
        relay.ask(post_envelope, customer.post(1), ana.speaker)
    assert relay.see(lambda unit, one, now: unit.key_packages.find(device=one), ana.key.public) == []  # noqa: ARG005
    welcomed = relay.greet(ana).welcomed
    assert (welcomed.device_state, welcomed.conversations) == ("revoked", [])
    assert customer.conversation not in {getattr(each, "conversation", None) for each in everything(relay, ana).frames}


def test_what_only_waited_for_a_revoked_device_leaves(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    relay.ask(acknowledge, Acknowledge(conversation=customer.conversation, seq=2), customer.speaker)
    relay.revoke(ana)
    assert relay.conversation(customer.conversation).gone == 2


def test_an_offer_of_a_revoked_device_goes_back_to_the_queue(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.open(customer)
    relay.take(ana)
    relay.revoke(ana)
    after = relay.conversation(customer.conversation)
    assert (after.stage, after.proposed) == ("waiting", None)
    with pytest.raises(NoCredential):
        relay.take(ana)


def test_the_customer_removes_a_revoked_agent_and_waits_again(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    relay.revoke(ana)
    relay.commit(customer.commit(remove=[ana.key.public]), customer.speaker)
    assert relay.conversation(customer.conversation).stage == "waiting"


def test_a_conversation_whose_only_agent_is_revoked_waits_for_the_customers_device(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    ben = AgentDevice("ben", "device-ben")
    relay.equip(ana)
    relay.equip(ben)
    relay.meet(customer, ana)
    relay.revoke(ana)
    assert [each.why for each in waiting(relay)] == ["agent_gone"]
    relay.take(ben, customer.conversation)
    assert relay.conversation(customer.conversation).stage == "proposed"
    relay.commit(customer.commit(remove=[ana.key.public]), customer.speaker)
    customer.adopt()
    relay.commit(customer.commit(relay.offered(customer.conversation)), customer.speaker)
    assert relay.conversation(customer.conversation).stage == "active"


def test_who_was_removed_leaves_an_ordinary_wait(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    relay.revoke(ana)
    relay.commit(customer.commit(remove=[ana.key.public]), customer.speaker)
    assert [each.why for each in waiting(relay)] == ["new"]


def waiting(relay: RelayWorld) -> list[QueueEntry]:
    queue = relay.see(lambda unit, desk, now: queue_of(unit, desk, presence=Here()), DESK)  # noqa: ARG005
    return queue.waiting


def test_a_new_credential_for_the_same_device_keeps_it_in(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    renewed = credential(credential_document("device-ana", cred_id="device-ana-2", person="ana"))
    relay.do(publish_documents, Documents(credentials=(renewed,)))
    relay.revoke(ana)
    assert relay.greet(ana).welcomed.device_state == "issued"
    assert relay.greet(ana).welcomed.key_packages == 2


def test_trust_that_is_not_newer_is_refused(relay: RelayWorld) -> None:
    relay.do(publish_documents, Documents(trust=World().with_trust(trust_document(3)).trust))
    with pytest.raises(NotNewer):
        relay.do(publish_documents, Documents(trust=World().with_trust(trust_document(2)).trust))
    with pytest.raises(NotNewer):
        relay.do(publish_documents, Documents(trust=World().with_trust(trust_document(3, log_origin="else")).trust))


def test_the_same_documents_again_are_taken_and_ring_nobody(relay: RelayWorld) -> None:
    world = World()
    assert not rings_of(relay, Documents(roots=world.roots, trust=world.trust, policies=(b"a policy",)))


def test_a_meaningless_signature_added_to_trust_is_no_news(relay: RelayWorld) -> None:
    # T24: a stranger could have pushed "new" trust to every socket as often as he liked.
    genuine = parse_envelope(World().trust)
    padded = replace(genuine, signatures=(*genuine.signatures, ("", b"\x00" * 64)))
    assert not rings_of(relay, Documents(trust=padded.to_bytes()))
    assert relay.see(show_trust, None) == World().bundle().to_bytes()


def test_what_does_not_hold_is_refused_before_the_committer(relay: RelayWorld, ana: AgentDevice) -> None:
    for bad in (
        Documents(trust=World().with_trust(trust_document(2), "mallory").trust),
        Documents(policies=(b"another policy",)),
        Documents(credentials=(ana.credential("mallory"),)),
    ):
        with pytest.raises(Untrusted):
            relay.see(prove_documents, bad)
    relay.see(prove_documents, Documents(policies=(b"a policy",), credentials=(ana.credential(),)))


def test_forged_and_expired_trust_is_refused_and_the_old_stays(relay: RelayWorld) -> None:
    before = relay.see(show_trust, None)
    forged = World().with_trust(trust_document(2), "mallory").trust
    expired = World().with_trust(trust_document(2, issued=NOW - 2 * DAY, expires=NOW - DAY)).trust
    for each in (forged, expired, b"{}", b""):
        with pytest.raises(Untrusted):
            relay.do(publish_documents, Documents(trust=each))
    assert relay.see(show_trust, None) == before


def test_a_root_that_takes_out_an_issuing_key_voids_what_it_signed(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    world = World()
    document = root_document(2, issuing="issuing-b", prev=world.last)
    rotated = sign(ROOT_TYPE, document, "root-a")
    newer = world.with_trust(trust_document(2, root_version=2), "issuing-b").trust
    relay.do(publish_documents, Documents(roots=(rotated,), trust=newer))
    assert relay.see(lambda unit, one, now: device_standing(unit, one, now=now).state, ana.key.public) == "revoked"


def test_a_root_alone_that_leaves_trust_unsigned_is_refused(relay: RelayWorld) -> None:
    rotated = sign(ROOT_TYPE, root_document(2, issuing="issuing-b", prev=World().last), "root-a")
    with pytest.raises(Untrusted):
        relay.do(publish_documents, Documents(roots=(rotated,)))


def test_another_root_of_a_kept_version_is_refused(relay: RelayWorld) -> None:
    other = sign(ROOT_TYPE, root_document(1, name="Another"), "root-a")
    with pytest.raises(NotNewer):
        relay.do(publish_documents, Documents(roots=(other,)))
    with pytest.raises(NotNewer):
        relay.do(anchor_root, other)
    relay.do(anchor_root, World().roots[0])


def test_credentials_are_taken_once_and_before_their_time_but_not_after(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.do(publish_documents, Documents(credentials=(ana.credential(),)))
    relay.do(publish_documents, Documents(credentials=(ana.credential(),)))
    renamed = credential(credential_document("device-ana", cred_id="device-ana-1", name="Anna"))
    with pytest.raises(NotNewer):
        relay.do(publish_documents, Documents(credentials=(renamed,)))
    early = credential(credential_document("device-ben", cred_id="ben-1", nbf=NOW + DAY, exp=NOW + 2 * DAY))
    relay.do(publish_documents, Documents(credentials=(early,)))
    late = credential(credential_document("device-old", cred_id="old-1", nbf=NOW - 2 * DAY, exp=NOW - DAY))
    with pytest.raises(Untrusted):
        relay.do(publish_documents, Documents(credentials=(late,)))


def test_one_bad_document_among_good_ones_keeps_none(relay: RelayWorld, ana: AgentDevice) -> None:
    with pytest.raises(Untrusted):
        relay.do(publish_documents, Documents(credentials=(ana.credential(), ana.credential("mallory"))))
    assert relay.see(lambda unit, _, now: unit.credentials.find(), None) == []  # noqa: ARG005


def test_a_policy_that_trust_does_not_list_is_refused(relay: RelayWorld) -> None:
    with pytest.raises(Untrusted):
        relay.do(publish_documents, Documents(policies=(b"another policy",)))
    assert relay.see(show_policy, Digest(POLICY)) == b"a policy"
    with pytest.raises(NotFound):
        relay.see(show_policy, Digest(b"x" * 32))


def test_the_standing_of_trust_is_told_in_a_word(relay: RelayWorld) -> None:
    assert relay.see(show_trust_standing, None) == "ok"
    relay.now = Millis(NOW + 40 * DAY)
    assert relay.see(show_trust_standing, None) == "expired"


def test_a_relay_that_was_not_set_up_takes_and_shows_nothing() -> None:
    empty = MemoryStore()
    with pytest.raises(Unavailable):
        empty.commit(publish_documents, Documents(trust=World().trust), NOW)
    assert empty.read(show_trust_standing, None, NOW) == "missing"
    assert empty.read(lambda unit, _, now: trust_bundle_of(unit), None, NOW) is None  # noqa: ARG005
    with pytest.raises(NotFound):
        empty.read(show_trust, None, NOW)
    empty.commit(anchor_root, World().roots[0], NOW)
    with pytest.raises(Unavailable):
        empty.commit(publish_documents, Documents(), NOW)


def test_a_disabled_agent_is_signed_out_and_cut_off(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.open(customer)
    relay.take(ana)
    relay.do(disable_agent, AgentId("ana"))
    assert relay.conversation(customer.conversation).stage == "waiting"
    with pytest.raises(NotSignedIn):
        relay.greet(ana)
    (listed,) = relay.see(list_agents, None)
    assert (listed.disabled_at, listed.devices) == (NOW, 1)
    with pytest.raises(NotFound):
        relay.do(disable_agent, AgentId("nobody"))


def test_a_disabled_agent_who_is_added_again_may_come_back(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.do(disable_agent, AgentId("ana"))
    assert relay.hire(ana).welcomed.device_state == "issued"
