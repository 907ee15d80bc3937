"""What the commit gate refuses: G3 to G5, with commits that are well signed and outside the closed list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.mls_room import (
    CUSTOMER,
    Room,
    agent_identity,
    decide,
    digest_of_decision,
    forge,
    open_room,
    start_terms,
    trust_of,
)
from tests.vectors.trust_world import NOW, World, key, root_document, trust_document

from sotto_keys.shared.mls.extensions import GROUP_TERMS, Extension
from sotto_keys.shared.mls.group_terms import read_terms
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
from sotto_wire.claims import DeviceAdmission
from sotto_wire.refusals import CommitNotAllowed, ProofFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_keys.shared.mls.commit import UpdatePath
    from sotto_keys.shared.mls.leaf_node import LeafNode
    from sotto_keys.shared.mls.proposals import Proposal
    from sotto_keys.shared.strict_json import Json


@pytest.fixture
def room() -> Room:
    """A conversation with one agent."""
    room = open_room()
    room.admit("ana")
    return room


def with_device(room: Room, name: str, **changes: Json) -> Room:
    """A member let in by a decision for its device alone."""
    package = room.offer(name, **changes)
    decision = decide(
        purpose="ai_assistant" if changes.get("kind") == "bot" else "support",
        admits=DeviceAdmission(credential=f"{name}-1", leaf_key=key(name).public),
        nonce=name.encode().ljust(16),
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
        room.judge(room.forge(by, kinds(room)[kind]))


def test_a_commit_without_a_path_is_refused(room: Room) -> None:
    package = room.offer("ben")
    note = room.note(relies_on=room.start_digest)
    message = forge(room.members[CUSTOMER], note, [Add(package)], entropy=room.entropy, change_path=lambda _: None)
    with pytest.raises(CommitNotAllowed):
        room.judge(message)


def test_two_lists_of_extensions_are_refused(room: Room) -> None:
    same = GroupContextExtensions(room.group.extensions)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.forge(CUSTOMER, same, same))


def test_a_remove_twice_or_of_oneself_or_of_nobody_is_refused(room: Room) -> None:
    ana = Remove(room.index("ana"))
    for proposals in ([ana, ana], [Remove(0)], [Remove(7)]):
        with pytest.raises(CommitNotAllowed):
            room.judge(room.forge(CUSTOMER, *proposals))


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
    decision = decide(
        purpose="ai_assistant",
        admits=DeviceAdmission(credential="bot-1", leaf_key=key("bot").public),
        nonce=b"bot".ljust(16),
    )
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
    message = room.add_changed(package, copied, note=note)
    with pytest.raises(CommitNotAllowed):
        room.judge(message)


def test_a_device_that_is_already_in_is_not_added_again(room: Room) -> None:
    note = room.note(relies_on=room.start_digest)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.forge(CUSTOMER, Add(room.offer("ana")), note=note))
