"""What the commit gate refuses: G6 to G8, with commits that are well signed and outside the closed list."""

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
    open_room,
    start_terms,
    trust_of,
    with_guest,
)
from tests.vectors.trust_world import DAY, NOW, World, key, trust_document

from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.shared.mls.extensions import EXTERNAL_SENDERS, Extension, RequiredCapabilities
from sotto_keys.shared.mls.group_terms import customer_identity, read_terms
from sotto_keys.shared.mls.proposals import (
    GroupContextExtensions,
)
from sotto_wire.claims import DeviceAdmission, TeamAdmission
from sotto_wire.codec import encode_claims
from sotto_wire.refusals import CommitNotAllowed, NotAdmitted, ProofFailed, RosterFull

if TYPE_CHECKING:
    from sotto_keys.shared.strict_json import Json


@pytest.fixture
def room() -> Room:
    """A conversation with one agent."""
    room = open_room()
    room.admit("ana")
    return room


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
            room.judge(room.forge(CUSTOMER, GroupContextExtensions(extensions)))


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
    message = room.add_changed(package, broken, note=room.note(relies_on=room.start_digest))
    with pytest.raises(ProofFailed):
        room.judge(message)


def test_the_page_of_the_room_is_the_page_of_its_terms() -> None:
    terms = start_terms(bytes(32))
    assert (terms.site, terms.desk) == (PAGE.site, PAGE.desk)


def test_the_decision_that_let_one_device_in_does_not_leave_without_it(room: Room) -> None:
    with_guest(room)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit(CUSTOMER, room.note(), terms=start_terms(room.start_digest)).message)


def test_the_customer_puts_nobody_out_and_leaves_the_decision_standing(room: Room) -> None:
    with_guest(room)
    for terms in (None, start_terms(*read_terms(room.group.extensions).standing)):
        with pytest.raises(CommitNotAllowed):
            room.judge(room.commit(CUSTOMER, room.note(), remove=["bot"], terms=terms).message)
    room.accept(CUSTOMER, room.commit(CUSTOMER, room.note(), remove=["bot"], terms=start_terms(room.start_digest)))


def test_a_guest_that_got_stuck_is_put_out_and_let_in_again_under_the_decision_that_stands(room: Room) -> None:
    with_guest(room)
    note = room.note(relies_on=read_terms(room.group.extensions).standing[-1])
    again = room.commit(CUSTOMER, note, add=[room.offer("bot", kind="bot", roles=["bot"])], remove=["bot"])
    assert room.accept(CUSTOMER, again).added


def test_the_decision_of_a_guest_that_an_agent_removed_lets_nobody_in_but_by_the_customer(room: Room) -> None:
    with_guest(room)
    digest = read_terms(room.group.extensions).standing[-1]
    revoked: Json = [{"cred_id": "bot-1", "at": NOW, "reason": "lost"}]
    room.trust = trust_of(World().with_trust(trust_document(2, revoked=revoked)))
    room.accept("ana", room.commit("ana", room.note(trust_version=2), remove=["bot"]))
    room.trust = trust_of(World().with_trust(trust_document(3)))
    note = room.note(relies_on=digest, decision=room.start)
    for each in (note, room.note(relies_on=digest)):
        with pytest.raises((CommitNotAllowed, NotAdmitted)):
            room.judge(room.commit("ana", each, add=[room.offer("bot", kind="bot", roles=["bot"])]).message)
    room.accept(CUSTOMER, room.commit(CUSTOMER, room.note(), terms=start_terms(room.start_digest)))


@pytest.mark.parametrize("purpose", ["support", "quality_review"])
def test_an_assistant_comes_in_under_no_other_purpose(room: Room, purpose: str) -> None:
    with pytest.raises(NotAdmitted):
        with_guest(room, purpose=purpose)
