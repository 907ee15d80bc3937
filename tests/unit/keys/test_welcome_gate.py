"""Tests of welcome_gate.py and sweep.py: what a newcomer finds out about the group it was let into, and about everybody in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.mls_room import (
    CUSTOMER,
    PAGE,
    Room,
    agent_identity,
    decide,
    digest_of_decision,
    open_room,
    seed_of,
    start_terms,
    trust_of,
)
from tests.vectors.trust_world import NOW, World, digest, key, root_document, trust_document

from sotto_keys.device.mls.joining import join
from sotto_keys.shared.mls.opening_gate import Page
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.sweep import readers
from sotto_keys.shared.mls.welcome_gate import Joined, judge_welcome
from sotto_keys.shared.trust_bundle import TrustBundle
from sotto_keys.shared.trust_chain import judge_bundle
from sotto_wire.claims import DeviceAdmission, GroupTerms, WelcomeBundle
from sotto_wire.ids import Millis
from sotto_wire.refusals import CommitNotAllowed, ConsentMissing, NotAdmitted, ProofFailed, RosterFull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.strict_json import Json
    from sotto_wire.claims import CommitNote


@pytest.fixture
def room() -> Room:
    return open_room()


def joined(room: Room, name: str, bundle: WelcomeBundle, *, page: Page | None = PAGE) -> Joined:
    return judge_welcome(room.members[name].group, bundle, own=key(name).public, trust=room.trust, page=page)


def unjudged(
    room: Room,
    by: str,
    note: CommitNote,
    *,
    add: Sequence[KeyPackage],
    remove: Sequence[str] = (),
    terms: GroupTerms | None = None,
) -> WelcomeBundle:
    """A commit that a relay without a gate took, followed by everybody; the newcomer alone still judges."""
    pending = room.commit(by, note, add=add, remove=remove, terms=terms)
    interim = room.group.interim_transcript_hash
    room.group = room.group.advance(parse_commit(pending.message))
    assert pending.welcome is not None
    for name, package in room.packages.items():
        if package.public in add:
            room.members[name] = join(pending.welcome, package, signing_key=seed_of(name))
    return WelcomeBundle(welcome=pending.welcome, commit=pending.message, interim_hash=interim)


def test_a_newcomer_let_in_by_the_customer_checks_its_own_admission(room: Room) -> None:
    result = joined(room, "ana", room.bundle(room.admit("ana")))
    assert result.terms.desk == "orders"
    assert [each.is_customer for each in result.readers] == [True, False]
    assert all(each.in_force for each in result.readers)
    assert not result.memory.is_whole
    assert result.memory.committed_at == NOW
    member = result.memory.member(key("ana").public)
    assert member is not None
    assert member.is_team


def test_the_customers_word_is_enough_where_only_the_digest_is_told(room: Room) -> None:
    pending = room.commit(CUSTOMER, room.note(relies_on=room.start_digest), add=[room.offer("ana")])
    room.accept(CUSTOMER, pending)
    member = joined(room, "ana", room.bundle(pending)).memory.member(key("ana").public)
    assert member is not None
    assert member.is_team


def test_a_newcomer_let_in_by_an_agent_remembers_the_handoff_and_ends_it(room: Room) -> None:
    room.admit("ana")
    note = room.note(relies_on=room.start_digest, decision=room.start)
    pending = room.commit("ana", note, add=[room.offer("ben")])
    room.accept("ana", pending)
    result = joined(room, "ben", room.bundle(pending))
    assert not result.memory.may_write(key("ben").public)
    room.memory = result.memory
    room.accept("ben", room.commit("ben", remove=["ana"]))
    assert room.memory.may_write(key("ben").public)


def test_a_guest_is_let_in_with_a_decision_of_its_own(room: Room) -> None:
    decision = decide(purpose="ai_assistant", admits=DeviceAdmission(credential="bot-1", leaf_key=key("bot").public))
    package = room.offer("bot", kind="bot", roles=["bot"])
    terms = start_terms(room.start_digest, digest_of_decision(decision))
    pending = room.commit(CUSTOMER, room.note(decision=decision), add=[package], terms=terms)
    room.accept(CUSTOMER, pending)
    member = joined(room, "bot", room.bundle(pending)).memory.member(key("bot").public)
    assert member is not None
    assert not member.is_team


def test_a_newcomer_leaves_older_facts_to_those_who_were_there(room: Room) -> None:
    room.admit("ana")
    result = joined(room, "ben", room.bundle(room.admit("ben")))
    room.memory = result.memory
    room.accept("ana", room.commit("ana"))
    room.admit("cleo")
    note = room.note(relies_on=room.start_digest, decision=room.start)
    assert room.judge(room.commit("ana", note, add=[room.offer("dora")]).message).added
    assert room.judge(room.commit("ana", remove=["cleo"]).message).removed
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ben", remove=["cleo"]).message)


def test_a_newcomer_believes_no_team_decision_it_was_not_shown(room: Room) -> None:
    room.admit("ana")
    bundle = unjudged(room, "ana", room.note(relies_on=room.start_digest), add=[room.offer("ben")])
    with pytest.raises(NotAdmitted):
        joined(room, "ben", bundle)


def test_a_commit_of_another_epoch_or_history_is_refused(room: Room) -> None:
    first = room.bundle(room.admit("ana"))
    second = room.bundle(room.admit("ben"))
    change = msgspec.structs.replace
    for bundle in (
        change(second, commit=first.commit),
        change(second, interim_hash=first.interim_hash),
        change(second, interim_hash=b""),
        change(second, commit=b"\x00"),
    ):
        with pytest.raises(ProofFailed):
            joined(room, "ben", bundle)


def test_a_commit_that_adds_somebody_else_is_refused(room: Room) -> None:
    bundle = room.bundle(room.admit("ana"))
    with pytest.raises(CommitNotAllowed):
        judge_welcome(room.members["ana"].group, bundle, own=key("ben").public, trust=room.trust, page=PAGE)


@pytest.mark.parametrize("page", [Page(site="shop", desk="returns"), Page(site="elsewhere", desk="orders")])
def test_a_card_of_another_page_is_refused(room: Room, page: Page) -> None:
    with pytest.raises(CommitNotAllowed):
        joined(room, "ana", room.bundle(room.admit("ana")), page=page)


def test_a_newcomer_without_a_card_goes_by_the_terms(room: Room) -> None:
    assert joined(room, "ana", room.bundle(room.admit("ana")), page=None).number == 1


def test_an_agent_that_does_more_than_add_is_refused(room: Room) -> None:
    room.admit("ana")
    note = room.note(relies_on=room.start_digest, decision=room.start)
    bundle = unjudged(room, "ana", note, add=[room.offer("ben")], terms=start_terms(room.start_digest))
    with pytest.raises(CommitNotAllowed):
        joined(room, "ben", bundle)


def test_a_bot_that_adds_is_refused(room: Room) -> None:
    decision = decide(purpose="ai_assistant", admits=DeviceAdmission(credential="bot-1", leaf_key=key("bot").public))
    package = room.offer("bot", kind="bot", roles=["bot"])
    terms = start_terms(room.start_digest, digest_of_decision(decision))
    room.accept(CUSTOMER, room.commit(CUSTOMER, room.note(decision=decision), add=[package], terms=terms))
    note = room.note(relies_on=room.start_digest, decision=room.start)
    bundle = unjudged(room, "bot", note, add=[room.offer("ben")])
    with pytest.raises(CommitNotAllowed):
        joined(room, "ben", bundle)


def test_a_newcomer_added_beside_another_is_refused(room: Room) -> None:
    note = room.note(relies_on=room.start_digest)
    bundle = unjudged(room, CUSTOMER, note, add=[room.offer("ben"), room.offer("ghost")])
    with pytest.raises(CommitNotAllowed):
        joined(room, "ben", bundle)


def test_a_ghost_nobody_signed_is_seen_by_the_newcomer(room: Room) -> None:
    unjudged(room, CUSTOMER, room.note(), add=[room.offer_as("ghost", b"nobody")])
    note = room.note(relies_on=room.start_digest)
    bundle = unjudged(room, "ghost", note, add=[room.offer("ben")])
    with pytest.raises(ProofFailed):
        joined(room, "ben", bundle)


def test_a_policy_or_root_not_in_force_is_refused(room: Room) -> None:
    bundle = room.bundle(room.admit("ana"))
    room.trust = trust_of(World().with_trust(trust_document(2, policies=[])))
    with pytest.raises(ConsentMissing):
        joined(room, "ana", bundle)
    other = World().with_root(root_document(2, root="root-b", prev=World().last), "root-a root-b")

    room.trust = judge_bundle(digest(other.last), TrustBundle(other.roots[1:], other.trust), memory=None)
    with pytest.raises(ProofFailed):
        joined(room, "ana", bundle)


def test_another_confirmation_tag_than_the_groups_is_refused(room: Room) -> None:
    bundle = room.bundle(room.admit("ana"))
    tag = room.members["ana"].group.confirmation_tag
    assert bundle.commit.count(tag) == 1
    with pytest.raises(ProofFailed):
        joined(room, "ana", msgspec.structs.replace(bundle, commit=bundle.commit.replace(tag, bytes(32))))


def test_a_group_that_is_not_what_the_commit_gives_is_refused(room: Room) -> None:
    bundle = room.bundle(room.admit("ana"))
    group = room.members["ana"].group
    customer, own = group.leaf(0), group.leaf(1)
    assert customer is not None
    assert own is not None
    for place, leaf in ((0, customer), (2, own)):
        other = replace(group, tree=group.tree.with_nodes([(place, replace(leaf, encryption_key=bytes(32)))]))
        with pytest.raises(CommitNotAllowed):
            judge_welcome(other, bundle, own=key("ana").public, trust=room.trust, page=PAGE)


def test_a_group_without_its_customer_is_refused(room: Room) -> None:
    bundle = room.bundle(room.admit("ana"))
    group = room.members["ana"].group
    without = replace(group, tree=group.tree.with_nodes([(0, group.leaf(1))]))
    with pytest.raises(ProofFailed):
        judge_welcome(without, bundle, own=key("ana").public, trust=room.trust, page=PAGE)


def test_a_leaf_with_another_devices_credential_is_refused(room: Room) -> None:
    unjudged(room, CUSTOMER, room.note(), add=[room.offer_as("ghost", agent_identity("ana"))])
    bundle = unjudged(room, "ghost", room.note(relies_on=room.start_digest), add=[room.offer("ben")])
    with pytest.raises(ProofFailed):
        joined(room, "ben", bundle)


def test_a_group_of_nine_is_refused(room: Room) -> None:
    for number in range(7):
        room.admit(f"agent{number}")
    note = room.note(relies_on=room.start_digest)
    bundle = unjudged(room, CUSTOMER, note, add=[room.offer("ninth")])
    with pytest.raises(RosterFull):
        joined(room, "ninth", bundle)


def test_an_agent_adds_nobody_under_one_devices_decision(room: Room) -> None:
    decision = decide(admits=DeviceAdmission(credential="ben-1", leaf_key=key("ben").public))
    terms = start_terms(room.start_digest, digest_of_decision(decision))
    room.accept(CUSTOMER, room.commit(CUSTOMER, room.note(decision=decision), terms=terms))
    room.admit("ana")
    note = room.note(relies_on=digest_of_decision(decision), decision=decision)
    bundle = unjudged(room, "ana", note, add=[room.offer("ben")])
    with pytest.raises(NotAdmitted):
        joined(room, "ben", bundle)


# sweep


def test_the_sweep_finds_who_is_no_longer_in_force(room: Room) -> None:
    room.admit("ana")
    room.admit("ben")
    revoked: list[Json] = [{"cred_id": "ben-1", "at": NOW, "reason": "left"}]
    trust = trust_of(World().with_trust(trust_document(2, revoked=revoked)))
    found = readers(room.group, trust, customer_key=key(CUSTOMER).public, at=Millis(NOW))
    names = [(each.credential.name if each.credential else None, each.in_force) for each in found]
    assert names == [(None, True), ("Ana", True), ("Ben", False)]
    assert [each.index for each in found] == [0, 1, 2]


def test_the_sweep_shows_a_leaf_that_nobody_vouches_for(room: Room) -> None:
    room.admit("ana")
    world = World()
    world = world.with_root(root_document(2, issuing="issuing-b", prev=world.last), "root-a")
    trust = trust_of(world.with_trust(trust_document(2, root_version=2), "issuing-b"))
    found = readers(room.group, trust, customer_key=key(CUSTOMER).public, at=Millis(NOW))
    assert found[1].credential is None
    assert not found[1].in_force


def test_a_newcomer_joins_beside_a_revoked_one_and_sees_it(room: Room) -> None:
    room.admit("ana")
    bundle = room.bundle(room.admit("ben"))
    revoked: list[Json] = [{"cred_id": "ana-1", "at": NOW, "reason": "left"}]
    room.trust = trust_of(World().with_trust(trust_document(2, revoked=revoked)))
    assert [each.in_force for each in joined(room, "ben", bundle).readers] == [True, False, True]
