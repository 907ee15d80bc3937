"""What the commit gate refuses: G3 to G8, with commits that are well signed and outside the closed list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.mls_room import (
    CUSTOMER,
    MINUTE,
    PAGE,
    Room,
    agent_identity,
    decide,
    digest_of_decision,
    forge,
    open_room,
    start_terms,
    trust_of,
)
from tests.vectors.trust_world import DAY, NOW, World, key, root_document, trust_document

from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.shared.mls.extensions import EXTERNAL_SENDERS, GROUP_TERMS, Extension, RequiredCapabilities
from sotto_keys.shared.mls.group_terms import customer_identity, read_terms
from sotto_keys.shared.mls.leaf_node import LeafSource, basic_credential
from sotto_keys.shared.mls.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    ProposalReference,
    ReInit,
    Remove,
    Update,
)
from sotto_keys.shared.mls.psk_id import ExternalPsk, PskId
from sotto_wire.claims import CommitNote, DeviceAdmission, TeamAdmission
from sotto_wire.codec import encode_claims
from sotto_wire.refusals import CommitNotAllowed, NotAdmitted, ProofFailed, RosterFull

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_keys.shared.mls.commit import UpdatePath
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.mls.leaf_node import LeafNode
    from sotto_keys.shared.mls.proposals import Proposal
    from sotto_keys.shared.strict_json import Json


@pytest.fixture
def room() -> Room:
    """A conversation with one agent."""
    room = open_room()
    room.admit("ana")
    return room


def forged(room: Room, by: str, *proposals: Proposal | ProposalReference, note: CommitNote | None = None) -> bytes:
    return forge(room.members[by], note or room.note(), proposals, entropy=room.entropy)


def with_device(room: Room, name: str, **changes: Json) -> Room:
    """A member let in by a decision for its device alone."""
    package = room.offer(name, **changes)
    decision = decide(
        admits=DeviceAdmission(credential=f"{name}-1", leaf_key=key(name).public), nonce=name.encode().ljust(16)
    )
    digests = [*read_terms(room.group.extensions).standing, digest_of_decision(decision)]
    pending = room.commit(CUSTOMER, room.note(decision=decision), add=[package], terms=start_terms(*digests))
    room.accept(CUSTOMER, pending)
    return room


# G3: the kinds of proposals


def kinds(room: Room) -> dict[str, Proposal | ProposalReference]:
    leaf = room.group.leaf(0)
    assert leaf is not None
    return {
        "update": Update(leaf),
        "psk": PreSharedKey(PskId(ExternalPsk(b"x"), bytes(32))),
        "reinit": ReInit(bytes(20), 1, 3, ()),
        "external_init": ExternalInit(bytes(32)),
        "reference": ProposalReference(bytes(32)),
    }


@pytest.mark.parametrize("kind", ["update", "psk", "reinit", "external_init", "reference"])
@pytest.mark.parametrize("by", [CUSTOMER, "ana"])
def test_kinds_outside_the_list_are_refused_to_everybody(room: Room, kind: str, by: str) -> None:
    with pytest.raises(CommitNotAllowed):
        room.judge(forged(room, by, kinds(room)[kind]))


def test_a_commit_without_a_path_is_refused(room: Room) -> None:
    package = room.offer("ben")
    note = room.note(relies_on=room.start_digest)
    message = forge(room.members[CUSTOMER], note, [Add(package)], entropy=room.entropy, change_path=lambda _: None)
    with pytest.raises(CommitNotAllowed):
        room.judge(message)


def test_two_lists_of_extensions_are_refused(room: Room) -> None:
    same = GroupContextExtensions(room.group.extensions)
    with pytest.raises(CommitNotAllowed):
        room.judge(forged(room, CUSTOMER, same, same))


def test_a_remove_twice_or_of_oneself_or_of_nobody_is_refused(room: Room) -> None:
    ana = Remove(room.index("ana"))
    for proposals in ([ana, ana], [Remove(0)], [Remove(7)]):
        with pytest.raises(CommitNotAllowed):
            room.judge(forged(room, CUSTOMER, *proposals))


# G4: who may what


def test_an_agent_never_changes_the_terms(room: Room) -> None:
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", terms=start_terms(room.start_digest)).message)


def test_nobody_adds_two_devices_in_one_commit(room: Room) -> None:
    note = room.note(relies_on=room.start_digest)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit(CUSTOMER, note, add=[room.offer("ben"), room.offer("cleo")]).message)


def test_an_agent_does_not_remove_an_agent_in_force(room: Room) -> None:
    room.admit("ben")
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", room.note(trust_version=1), remove=["ben"]).message)


def test_an_agent_that_removes_cites_a_trust_version_that_exists(room: Room) -> None:
    room.admit("ben")
    revoked: list[Json] = [{"cred_id": "ben-1", "at": NOW, "reason": "left"}]
    room.trust = trust_of(World().with_trust(trust_document(2, revoked=revoked)))
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", room.note(), remove=["ben"]).message)
    with pytest.raises(ProofFailed):
        room.judge(room.commit("ana", room.note(trust_version=3), remove=["ben"]).message)


def test_an_agent_does_not_add_and_remove_at_once(room: Room) -> None:
    room.admit("ben")
    note = room.note(relies_on=room.start_digest, decision=room.start)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", note, add=[room.offer("cleo")], remove=["ben"]).message)


def test_an_agents_add_carries_the_decision_itself(room: Room) -> None:
    note = room.note(relies_on=room.start_digest)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", note, add=[room.offer("ben")]).message)


def test_an_agent_does_not_add_under_another_decision_than_its_own(room: Room) -> None:
    with_device(room, "bot", kind="bot", roles=["bot"])
    decision = decide(admits=DeviceAdmission(credential="bot-1", leaf_key=key("bot").public), nonce=b"bot".ljust(16))
    note = room.note(relies_on=digest_of_decision(decision), decision=decision)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", note, add=[room.offer("ben")]).message)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("bot", {"kind": "bot", "roles": ["bot"]}),
        ("sue", {"roles": ["supervisor"]}),
        ("guest", {"desks": []}),
        ("lone", {}),
    ],
)
def test_a_device_let_in_by_itself_may_send_an_empty_path_only(room: Room, name: str, changes: dict[str, Json]) -> None:
    with_device(room, name, **changes)
    note = room.note(relies_on=room.start_digest, decision=room.start)
    for message in (
        room.commit(name, note, add=[room.offer("ben")]).message,
        room.commit(name, room.note(trust_version=1), remove=["ana"]).message,
        room.commit(name, terms=start_terms(room.start_digest)).message,
    ):
        with pytest.raises(CommitNotAllowed):
            room.judge(message)
    room.accept(name, room.commit(name))


def test_an_agent_whose_team_admission_was_withdrawn_adds_nobody(room: Room) -> None:
    second = decide(nonce=b"second".ljust(16))
    note = room.note(decision=second)
    room.accept(CUSTOMER, room.commit(CUSTOMER, note, terms=start_terms(digest_of_decision(second))))
    note = room.note(relies_on=digest_of_decision(second), decision=second)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", note, add=[room.offer("ben")]).message)


def test_a_revoked_agents_commit_is_untrusted(room: Room) -> None:
    queued = room.commit("ana")
    revoked: list[Json] = [{"cred_id": "ana-1", "at": NOW, "reason": "left"}]
    room.trust = trust_of(World().with_trust(trust_document(2, revoked=revoked)))
    with pytest.raises(ProofFailed):
        room.judge(queued.message)


def test_a_removed_issuing_key_silences_all_it_vouched_for(room: Room) -> None:
    world = World()
    world = world.with_root(root_document(2, issuing="issuing-b", prev=world.last), "root-a")
    room.trust = trust_of(world.with_trust(trust_document(2, root_version=2), "issuing-b"))
    with pytest.raises(ProofFailed):
        room.judge(room.commit("ana").message)
    room.accept(CUSTOMER, room.commit(CUSTOMER, remove=["ana"]))


# G5: a leaf never changes its face, keys are new


def faces() -> dict[str, Callable[[LeafNode], LeafNode]]:
    return {
        "credential": lambda leaf: replace(leaf, credential=basic_credential(agent_identity("ana", name="Boss"))),
        "signature key": lambda leaf: replace(leaf, signature_key=key("other").public),
        "capabilities": lambda leaf: replace(leaf, capabilities=replace(leaf.capabilities, proposals=(4,))),
        "extensions": lambda leaf: replace(leaf, extensions=(Extension(GROUP_TERMS, b""),)),
        "source": lambda leaf: replace(leaf, source=LeafSource.UPDATE, parent_hash=b""),
    }


@pytest.mark.parametrize("face", ["credential", "signature key", "capabilities", "extensions", "source"])
@pytest.mark.parametrize("by", [CUSTOMER, "ana"])
def test_a_leaf_that_changes_its_face_is_refused(room: Room, by: str, face: str) -> None:
    def change(path: UpdatePath) -> UpdatePath:
        return replace(path, leaf=faces()[face](path.leaf))

    message = forge(room.members[by], room.note(), [], entropy=room.entropy, change_path=change)
    with pytest.raises(CommitNotAllowed):
        room.judge(message)


def test_a_path_key_that_is_already_in_the_tree_is_refused(room: Room) -> None:
    taken = next(iter(room.group.tree.encryption_keys()))

    def leaf(path: UpdatePath) -> UpdatePath:
        return replace(path, leaf=replace(path.leaf, encryption_key=taken))

    def node(path: UpdatePath) -> UpdatePath:
        return replace(path, nodes=(replace(path.nodes[0], encryption_key=taken), *path.nodes[1:]))

    def twice(path: UpdatePath) -> UpdatePath:
        return replace(path, leaf=replace(path.leaf, encryption_key=path.nodes[0].encryption_key))

    for change in (leaf, node, twice):
        with pytest.raises(CommitNotAllowed):
            room.judge(forge(room.members[CUSTOMER], room.note(), [], entropy=room.entropy, change_path=change))


def test_an_added_leaf_with_a_copied_key_is_refused(room: Room) -> None:
    package = room.offer("ben")
    taken = next(iter(room.group.tree.encryption_keys()))
    copied = replace(package, leaf=replace(package.leaf, encryption_key=taken))
    note = room.note(relies_on=room.start_digest)
    message = forged_add(room, copied_over=package, note=note, package=copied)
    with pytest.raises(CommitNotAllowed):
        room.judge(message)


def forged_add(room: Room, *, copied_over: KeyPackage, note: CommitNote, package: KeyPackage) -> bytes:
    """An Add made for one package and carrying another of the same length."""
    message = room.commit(CUSTOMER, note, add=[copied_over]).message
    assert copied_over.encode() in message
    return message.replace(copied_over.encode(), package.encode())


def test_a_device_that_is_already_in_is_not_added_again(room: Room) -> None:
    note = room.note(relies_on=room.start_digest)
    with pytest.raises(CommitNotAllowed):
        room.judge(forged(room, CUSTOMER, Add(room.offer("ana")), note=note))


# G6: the customer and the eight leaves


def test_nobody_removes_the_customer(room: Room) -> None:
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", room.note(trust_version=1), remove=[CUSTOMER]).message)


def test_an_agent_alone_with_a_newcomer_cannot_remove_the_customer_in_a_handoff(room: Room) -> None:
    note = room.note(relies_on=room.start_digest, decision=room.start)
    room.accept("ana", room.commit("ana", note, add=[room.offer("ben")]))
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ben", remove=["ana", CUSTOMER]).message)


def test_a_second_leaf_that_calls_itself_the_customer_is_refused(room: Room) -> None:
    note = room.note(relies_on=room.start_digest)
    for identity in (customer_identity(key(CUSTOMER).public), customer_identity(key("ben").public)):
        with pytest.raises(CommitNotAllowed):
            room.judge(room.commit(CUSTOMER, note, add=[room.offer_as("ben", identity)]).message)


def test_a_ninth_leaf_is_refused(room: Room) -> None:
    for number in range(6):
        room.admit(f"agent{number}")
    note = room.note(relies_on=room.start_digest)
    with pytest.raises(RosterFull):
        room.judge(room.commit(CUSTOMER, note, add=[room.offer("ninth")]).message)
    room.accept(CUSTOMER, room.commit(CUSTOMER, note, add=[room.offer("eighth")], remove=["ana"]))


# G7: the terms


@pytest.mark.parametrize(
    "changes",
    [
        {"root": bytes(32)},
        {"site": "elsewhere"},
        {"desk": "returns"},
        {"customer_key": key("other").public},
        {"recovery_key": bytes(32)},
        {"policy_digest": bytes(32)},
    ],
)
def test_no_term_but_the_standing_list_ever_changes(room: Room, changes: dict[str, object]) -> None:
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit(CUSTOMER, terms=start_terms(room.start_digest, **changes)).message)


def test_a_digest_stands_only_with_its_decision(room: Room) -> None:
    second = decide(nonce=b"second".ljust(16))
    refused = decide(nonce=b"third".ljust(16), answer="refused")
    terms = start_terms(room.start_digest, digest_of_decision(second))
    for note in (room.note(), room.note(decision=room.start)):
        with pytest.raises(CommitNotAllowed):
            room.judge(room.commit(CUSTOMER, note, terms=terms).message)
    told = room.note(decision=refused)
    terms = start_terms(room.start_digest, digest_of_decision(refused))
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit(CUSTOMER, told, terms=terms).message)


def test_standing_digests_are_not_doubled_or_reordered(room: Room) -> None:
    second = decide(nonce=b"second".ljust(16))
    digest = digest_of_decision(second)
    note = room.note(decision=second)
    for standing in ([digest, room.start_digest], [room.start_digest, digest, digest], [room.start_digest] * 2):
        with pytest.raises(CommitNotAllowed):
            room.judge(room.commit(CUSTOMER, note, terms=start_terms(*standing)).message)
    room.accept(CUSTOMER, room.commit(CUSTOMER, note, terms=start_terms(room.start_digest, digest)))


def test_foreign_extensions_are_refused(room: Room) -> None:
    terms = encode_claims(start_terms(room.start_digest))
    required, own = group_extensions(terms)
    looser = replace(required, content=RequiredCapabilities().encode())
    for extensions in (
        (),
        (own,),
        (required,),
        (own, required),
        (looser, own),
        (required, replace(own, content=b"\xc0")),
        (required, own, Extension(EXTERNAL_SENDERS, b"\x00")),
    ):
        with pytest.raises(CommitNotAllowed):
            room.judge(forged(room, CUSTOMER, GroupContextExtensions(extensions)))


def test_an_empty_standing_list_is_refused(room: Room) -> None:
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit(CUSTOMER, terms=msgspec.structs.replace(start_terms(), standing=[])).message)


# G8: the Add


def test_an_add_without_a_decision_is_not_admitted(room: Room) -> None:
    with pytest.raises(NotAdmitted):
        room.judge(room.commit(CUSTOMER, add=[room.offer("ben")]).message)


def test_an_add_under_a_digest_that_does_not_stand_is_not_admitted(room: Room) -> None:
    with pytest.raises(NotAdmitted):
        room.judge(room.commit(CUSTOMER, room.note(relies_on=bytes(32)), add=[room.offer("ben")]).message)


def test_an_add_names_one_decision_and_not_two(room: Room) -> None:
    note = room.note(relies_on=room.start_digest, decision=decide(nonce=b"second".ljust(16)))
    with pytest.raises(NotAdmitted):
        room.judge(room.commit(CUSTOMER, note, add=[room.offer("ben")]).message)


def test_an_add_while_withdrawing_cannot_be(room: Room) -> None:
    second = decide(nonce=b"second".ljust(16))
    digest = digest_of_decision(second)
    room.accept(
        CUSTOMER, room.commit(CUSTOMER, room.note(decision=second), terms=start_terms(room.start_digest, digest))
    )
    note = room.note(relies_on=digest)
    with pytest.raises(NotAdmitted):
        room.judge(room.commit(CUSTOMER, note, add=[room.offer("ben")], terms=start_terms(room.start_digest)).message)


@pytest.mark.parametrize(
    "changes",
    [{"desks": ["returns"]}, {"roles": ["supervisor"]}, {"roles": []}, {"kind": "bot"}, {"desks": []}],
)
def test_a_team_admission_lets_in_human_agents_of_the_desk_only(room: Room, changes: dict[str, Json]) -> None:
    note = room.note(relies_on=room.start_digest, decision=room.start)
    for by in (CUSTOMER, "ana"):
        with pytest.raises(NotAdmitted):
            room.judge(room.commit(by, note, add=[room.offer("ben", **changes)]).message)


def test_a_decision_of_one_device_lets_in_no_other(room: Room) -> None:
    decision = decide(admits=DeviceAdmission(credential="ben-1", leaf_key=key("ben").public))
    terms = start_terms(room.start_digest, digest_of_decision(decision))
    with pytest.raises(NotAdmitted):
        room.judge(room.commit(CUSTOMER, room.note(decision=decision), add=[room.offer("cleo")], terms=terms).message)


@pytest.mark.parametrize(
    "changes",
    [
        {"policy_digest": bytes(32)},
        {"expires_at": NOW},
        {"decided_at": NOW + 6 * MINUTE},
        {"admits": TeamAdmission(desk="returns")},
    ],
)
def test_a_decision_that_does_not_fit_the_group_admits_nobody(room: Room, changes: dict[str, object]) -> None:
    decision = decide(**changes)
    terms = start_terms(room.start_digest, digest_of_decision(decision))
    package = room.offer("ben", desks=["orders", "returns"])
    with pytest.raises(NotAdmitted):
        room.judge(room.commit(CUSTOMER, room.note(decision=decision), add=[package], terms=terms).message)


def test_a_start_decision_that_has_run_out_admits_nobody(room: Room) -> None:
    room.later(DAY)
    with pytest.raises(NotAdmitted):
        room.judge(room.commit(CUSTOMER, room.note(relies_on=room.start_digest), add=[room.offer("ben")]).message)


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(b"", id="nobody"),
        pytest.param(agent_identity("ben", org="teapot"), id="another organisation"),
        pytest.param(agent_identity("ben", nbf=NOW + 1), id="not yet valid"),
        pytest.param(agent_identity("ben", exp=NOW), id="run out"),
        pytest.param(agent_identity("cleo"), id="another device's credential"),
    ],
)
def test_a_device_the_organisation_does_not_stand_by_is_untrusted(room: Room, identity: bytes) -> None:
    note = room.note(relies_on=room.start_digest)
    with pytest.raises(ProofFailed):
        room.judge(room.commit(CUSTOMER, note, add=[room.offer_as("ben", identity)]).message)


def test_a_key_package_outside_its_lifetime_is_untrusted(room: Room) -> None:
    package = room.offer("ben", exp=NOW + 29 * DAY)
    note = room.note(relies_on=room.start_digest)
    message = room.commit(CUSTOMER, note, add=[package]).message
    assert room.judge(message).added
    room.later(8 * DAY)
    longer = decide(expires_at=NOW + 20 * DAY)
    terms = start_terms(room.start_digest, digest_of_decision(longer))
    with pytest.raises(ProofFailed):
        room.judge(room.commit(CUSTOMER, room.note(decision=longer), add=[package], terms=terms).message)


def test_a_key_package_with_a_flipped_signature_is_untrusted(room: Room) -> None:
    package = room.offer("ben")
    broken = replace(package, signature=bytes(64))
    message = forged_add(room, copied_over=package, note=room.note(relies_on=room.start_digest), package=broken)
    with pytest.raises(ProofFailed):
        room.judge(message)


def test_the_page_of_the_room_is_the_page_of_its_terms() -> None:
    terms = start_terms(bytes(32))
    assert (terms.site, terms.desk) == (PAGE.site, PAGE.desk)
