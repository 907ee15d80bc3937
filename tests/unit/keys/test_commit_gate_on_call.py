"""Tests of the rows for a message left while nobody was there: who may be on call, and what the first that reads may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.mls_room import CUSTOMER, MINUTE, Room, open_room

from sotto_keys.shared.mls.group_memory import GroupMemory
from sotto_wire.refusals import CommitNotAllowed, NotAdmitted

if TYPE_CHECKING:
    from sotto_keys.shared.mls.key_package import KeyPackage

ON_CALL = ["agent", "on_call"]


@pytest.fixture
def room() -> Room:
    return open_room()


def offer(room: Room, name: str, *, roles: list[str] | None = None) -> KeyPackage:
    return room.offer(name, roles=[*(roles or ON_CALL)])


def call(room: Room, name: str, *, roles: list[str] | None = None) -> GroupMemory:
    """The customer lets in a device on call; its own memory begins here."""
    note = room.note(relies_on=room.start_digest, decision=room.start, on_call=1)
    room.accept(CUSTOMER, room.commit(CUSTOMER, note, add=[offer(room, name, roles=roles)]))
    return room.memory


@pytest.fixture
def left(room: Room) -> Room:
    """A message was left for three."""
    for name in ("ana", "ben", "cleo"):
        call(room, name)
    return room


def on_call(room: Room) -> list[int]:
    return [each.on_call for each in room.memory.members]


def test_the_first_that_reads_removes_the_others_and_answers(left: Room) -> None:
    left.accept("ben", left.commit("ben", remove=["ana", "cleo"]))
    assert on_call(left) == [0]
    assert set(left.members) == {CUSTOMER, "ben"}


def test_one_alone_answers_with_an_empty_path(room: Room) -> None:
    call(room, "ana")
    room.accept("ana", room.commit("ana"))
    assert on_call(room) == [0]


def test_whoever_has_answered_is_not_removed_by_the_next(left: Room) -> None:
    left.accept("ben", left.commit("ben"))
    with pytest.raises(CommitNotAllowed):
        left.judge(left.commit("ana", remove=["ben"]).message)


def test_whoever_has_answered_removes_nobody_more(left: Room) -> None:
    left.accept("ben", left.commit("ben"))
    left.later(30 * MINUTE)
    with pytest.raises(CommitNotAllowed):
        left.judge(left.commit("ben", remove=["ana"]).message)


def test_who_came_in_by_day_is_not_removed_by_somebody_on_call(room: Room) -> None:
    room.admit("dan")
    call(room, "ana")
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", remove=["dan"]).message)


def test_who_came_in_by_day_removes_nobody_on_call(room: Room) -> None:
    call(room, "ana")
    room.admit("dan")
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("dan", remove=["ana"]).message)


def test_nobody_on_call_adds_before_answering(room: Room) -> None:
    call(room, "ana")
    note = room.note(decision=room.start)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", note, add=[offer(room, "ben")]).message)
    room.accept("ana", room.commit("ana"))
    assert room.judge(room.commit("ana", note, add=[offer(room, "ben")]).message).added


def test_only_the_customer_calls_and_only_whom_the_officers_put_on_call(room: Room) -> None:
    room.admit("dan")
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("dan", room.note(decision=room.start, on_call=1), add=[offer(room, "ana")]).message)
    note = room.note(relies_on=room.start_digest, decision=room.start, on_call=1)
    with pytest.raises(NotAdmitted):
        room.judge(room.commit(CUSTOMER, note, add=[offer(room, "ana", roles=["agent"])]).message)


def test_nothing_but_an_add_is_for_somebody_on_call(room: Room) -> None:
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit(CUSTOMER, room.note(on_call=1)).message)


def as_newcomer(room: Room, *, knows: int) -> None:
    """A memory that began with the Add of the last `knows` members: of those before, only the credentials are known."""
    room.memory = GroupMemory(
        committed_at=room.memory.committed_at,
        is_whole=False,
        decisions=room.memory.decisions,
        members=room.memory.members[-knows:],
        handoff=None,
    )


@pytest.mark.parametrize("knows", [1, 2])
def test_a_later_one_follows_the_removal_of_those_it_did_not_see_come(left: Room, knows: int) -> None:
    as_newcomer(left, knows=knows)
    assert len(left.judge(left.commit("cleo", remove=["ana", "ben"]).message).removed) == 2


def test_a_later_one_follows_no_removal_of_somebody_who_is_not_on_call(room: Room) -> None:
    room.admit("dan")
    call(room, "ana")
    as_newcomer(room, knows=1)
    with pytest.raises(CommitNotAllowed):
        room.judge(room.commit("ana", remove=["dan"]).message)
