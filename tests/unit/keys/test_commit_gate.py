"""Tests of commit_gate.py and its rows: G1 and G2, and each row of the closed list where it is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.mls_room import CUSTOMER, MINUTE, Room, decide, open_room, start_terms, trust_of, with_guest
from tests.vectors.trust_world import DAY, NOW, World, key, trust_document

from sotto_keys.shared.mls.commit_gate import judge_commit
from sotto_keys.shared.mls.group_memory import PATH_EVERY_MS, parse_group_memory
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.codec import encode_claims
from sotto_wire.ids import Millis
from sotto_wire.limits import CLOCK_SKEW_MS
from sotto_wire.refusals import BadFrame, ClockSkew, CommitNotAllowed, NotAdmitted, ProofFailed, StaleEpoch

if TYPE_CHECKING:
    from sotto_keys.shared.strict_json import Json


@pytest.fixture
def room() -> Room:
    return open_room()


# G1


def test_a_commit_of_another_group_is_no_frame_of_this_one(room: Room) -> None:
    other = room.commit(CUSTOMER).message.replace(room.group.group_id, bytes(20))
    with pytest.raises(BadFrame):
        room.judge(other)


def test_a_commit_of_an_epoch_that_is_over_is_stale(room: Room) -> None:
    late = room.commit(CUSTOMER)
    room.accept(CUSTOMER, room.commit(CUSTOMER))
    with pytest.raises(StaleEpoch):
        room.judge(late.message)


@pytest.mark.parametrize("message", [b"", b"\x00", b"\x00\x01\x00\x02\xff", bytes(2000)])
def test_bytes_that_are_no_commit_are_no_frame(room: Room, message: bytes) -> None:
    with pytest.raises(BadFrame):
        room.judge(message)


def test_a_commit_of_an_empty_place_is_no_frame(room: Room) -> None:
    message = room.commit(CUSTOMER).message
    place = message.index(room.group.group_id) + 20 + 8
    assert message[place : place + 5] == b"\x01\x00\x00\x00\x00"
    with pytest.raises(BadFrame):
        room.judge(message[: place + 4] + b"\x07" + message[place + 5 :])


def test_a_welcome_is_not_a_commit(room: Room) -> None:
    welcome = room.admit("ana").welcome
    assert welcome is not None
    with pytest.raises(BadFrame):
        room.judge(welcome)


# G2


@pytest.mark.parametrize(
    "note", [b"", b"\xc0", b"\x94\x00\xc0\xc0", b"\xdc\x00\x04\x00\xc0\xc0\xc0", b"\x95\x00\xc0\xc0\xc0\xc0"]
)
def test_a_note_that_is_not_in_its_one_encoding_is_no_frame(room: Room, note: bytes) -> None:
    with pytest.raises(BadFrame):
        room.judge(room.commit(CUSTOMER, note).message)


def test_a_commit_is_never_dated_before_the_last(room: Room) -> None:
    room.accept(CUSTOMER, room.commit(CUSTOMER))
    with pytest.raises(ClockSkew):
        room.judge(room.commit(CUSTOMER, room.note(committed_at=room.now - 1)).message)


def test_two_commits_may_bear_the_same_time(room: Room) -> None:
    room.accept(CUSTOMER, room.commit(CUSTOMER))
    room.accept(CUSTOMER, room.commit(CUSTOMER))


@pytest.mark.parametrize("off", [CLOCK_SKEW_MS, -CLOCK_SKEW_MS])
def test_five_minutes_off_the_relays_clock_are_allowed(room: Room, off: int) -> None:
    assert room.judge(room.commit(CUSTOMER, room.note(committed_at=room.now + off)).message).by_customer


@pytest.mark.parametrize("off", [CLOCK_SKEW_MS + 1, -CLOCK_SKEW_MS - 1])
def test_more_than_five_minutes_off_are_refused_by_the_relay(room: Room, off: int) -> None:
    with pytest.raises(ClockSkew):
        room.judge(room.commit(CUSTOMER, room.note(committed_at=room.now + off)).message)


def test_a_client_replays_history_without_a_clock(room: Room) -> None:
    message = room.commit(CUSTOMER, room.note(committed_at=room.now + DAY)).message
    assert judge_commit(room.group, message, trust=room.trust, memory=room.memory, now=None).by_customer


def test_a_forged_decision_in_a_note_is_untrusted(room: Room) -> None:
    forged = msgspec.structs.replace(room.start, signature=bytes(64))
    with pytest.raises(ProofFailed):
        room.judge(room.commit(CUSTOMER, room.note(decision=forged)).message)


def test_a_decision_of_another_conversation_admits_nobody(room: Room) -> None:
    elsewhere = decide(conversation=bytes(16))
    with pytest.raises(NotAdmitted):
        room.judge(room.commit(CUSTOMER, room.note(decision=elsewhere), add=[room.offer("ana")]).message)


# The customer's row


def test_the_customer_lets_in_an_agent_under_the_standing_decision(room: Room) -> None:
    note = room.note(relies_on=room.start_digest)
    verdict = room.accept(CUSTOMER, room.commit(CUSTOMER, note, add=[room.offer("ana")]))
    (newcomer,) = verdict.added
    assert newcomer.device == key("ana").public
    assert newcomer.under == room.start_digest
    assert newcomer.is_team
    assert newcomer.credential.name == "Ana"
    assert room.memory.may_write(newcomer.device)


def test_the_customer_carries_the_standing_decision_along(room: Room) -> None:
    room.admit("ana")
    assert set(room.members) == {CUSTOMER, "ana"}


def test_the_customer_adds_one_device_with_its_decision_in_the_same_commit(room: Room) -> None:
    with_guest(room)
    member = room.memory.member(key("bot").public)
    assert member is not None
    assert not member.is_team
    assert len(room.memory.decisions) == 2


def test_the_customer_removes_an_agent_and_withdraws_in_one_commit(room: Room) -> None:
    with_guest(room)
    pending = room.commit(CUSTOMER, room.note(), remove=["bot"], terms=start_terms(room.start_digest))
    verdict = room.accept(CUSTOMER, pending)
    assert verdict.removed == (key("bot").public,)
    assert room.memory.member(key("bot").public) is None
    assert len(room.memory.decisions) == 1


def test_a_withdrawal_may_travel_with_its_commit(room: Room) -> None:
    with_guest(room)
    withdrawn = decide(answer="deferred")
    note = room.note(decision=withdrawn)
    room.accept(CUSTOMER, room.commit(CUSTOMER, note, remove=["bot"], terms=start_terms(room.start_digest)))


def test_the_customer_replaces_an_agent_in_one_commit(room: Room) -> None:
    room.admit("ana")
    note = room.note(relies_on=room.start_digest)
    room.accept(CUSTOMER, room.commit(CUSTOMER, note, add=[room.offer("ben")], remove=["ana"]))
    assert set(room.members) == {CUSTOMER, "ben"}


def test_the_customer_removes_and_adds_the_same_stuck_device_again(room: Room) -> None:
    room.admit("ana")
    note = room.note(relies_on=room.start_digest)
    assert room.judge(room.commit(CUSTOMER, note, add=[room.offer("ana")], remove=["ana"]).message).added


def test_the_customer_sends_an_empty_path_whenever_it_wants(room: Room) -> None:
    for _ in range(3):
        room.accept(CUSTOMER, room.commit(CUSTOMER))


# An agent's row


def test_an_agent_sends_an_empty_path_once_after_joining_and_then_every_ten_minutes(room: Room) -> None:
    room.admit("ana")
    room.accept("ana", room.commit("ana"))
    room.later(PATH_EVERY_MS - 1)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana").message)
    room.later(1)
    room.accept("ana", room.commit("ana"))


def test_an_agent_hands_over_and_the_newcomer_puts_it_out(room: Room) -> None:
    room.admit("ana")
    hand_over(room)
    room.accept("ben", room.commit("ben", remove=["ana"]))
    assert set(room.members) == {CUSTOMER, "ben"}
    assert room.memory.handoff is None
    assert room.memory.may_write(key("ben").public)


def hand_over(room: Room) -> None:
    note = room.note(relies_on=room.start_digest, decision=room.start)
    room.accept("ana", room.commit("ana", note, add=[room.offer("ben")]))


def test_nobody_of_the_desk_writes_or_commits_while_a_handoff_is_open(room: Room) -> None:
    room.admit("ana")
    room.admit("cleo")
    hand_over(room)
    for name in ("ana", "ben"):
        assert not room.memory.may_write(key(name).public)
    assert room.memory.may_write(key(CUSTOMER).public)
    for name in ("ana", "ben", "cleo"):
        with pytest.raises(CommitNotAllowed):
            room.judge(room.commit(name).message)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ben", remove=["cleo"]).message)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("cleo", remove=["ana"]).message)


def test_the_customer_commits_during_a_handoff_and_may_end_it(room: Room) -> None:
    room.admit("ana")
    hand_over(room)
    room.accept(CUSTOMER, room.commit(CUSTOMER))
    assert not room.memory.may_write(key("ana").public)
    room.accept(CUSTOMER, room.commit(CUSTOMER, remove=["ben"]))
    assert room.memory.may_write(key("ana").public)
    room.later(PATH_EVERY_MS)
    room.accept("ana", room.commit("ana"))


def test_after_ten_minutes_the_adder_may_remove_a_newcomer_that_never_came(room: Room) -> None:
    room.admit("ana")
    hand_over(room)
    room.later(10 * MINUTE - 1)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", remove=["ben"]).message)
    room.later(1)
    room.accept("ana", room.commit("ana", remove=["ben"]))
    assert room.memory.handoff is None


def test_a_late_newcomer_may_still_remove_the_adder(room: Room) -> None:
    room.admit("ana")
    hand_over(room)
    room.later(11 * MINUTE)
    room.accept("ben", room.commit("ben", remove=["ana"]))


def revoking(*names: str, version: int = 2, at: int = NOW) -> World:
    revoked: list[Json] = [{"cred_id": f"{each}-1", "at": at, "reason": "left"} for each in names]
    return World().with_trust(trust_document(version, revoked=revoked))


def test_an_agent_removes_a_revoked_one_and_cites_the_trust(room: Room) -> None:
    room.admit("ana")
    room.admit("ben")
    room.trust = trust_of(revoking("ben"))
    room.accept("ana", room.commit("ana", room.note(trust_version=2), remove=["ben"]))
    assert set(room.members) == {CUSTOMER, "ana"}


def test_an_agent_removes_one_whose_credential_has_run_out(room: Room) -> None:
    room.admit("ana")
    note = room.note(relies_on=room.start_digest)
    room.accept(CUSTOMER, room.commit(CUSTOMER, note, add=[room.offer("ben", exp=NOW + MINUTE)]))
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", room.note(trust_version=1), remove=["ben"]).message)
    room.later(MINUTE)
    room.accept("ana", room.commit("ana", room.note(trust_version=1), remove=["ben"]))


def test_the_memory_reads_back(room: Room) -> None:
    room.admit("ana")
    hand_over(room)
    assert parse_group_memory(room.memory.to_bytes()) == room.memory


def test_a_damaged_memory_is_refused() -> None:
    with pytest.raises(Malformed):
        parse_group_memory(b"\x90")


def test_notes_have_one_encoding(room: Room) -> None:
    assert encode_claims(room.note())[0] == 0x95
    assert room.judge(room.commit(CUSTOMER).message, now=Millis(NOW)).note == room.note()
