"""The conversation as a value: stages over their whole table, members, cursors."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace
from tests.support.relay_people import AGENT, CUSTOMER, STRANGER, a_conversation

from sotto_server.domain.conversation import Conversation, Member
from sotto_wire.refusals import NotFound, OutOfOrder, WrongStage
from sotto_wire.stages import NEXT, Act, Stage


@pytest.mark.parametrize(("stage", "act"), list(product(Stage, Act)))
def test_a_stage_moves_as_the_table_says_and_not_otherwise(stage: Stage, act: Act) -> None:
    conversation = a_conversation(stage=stage)
    if (stage, act) in NEXT:
        assert conversation.after(act).stage is NEXT[stage, act]
    else:
        with pytest.raises(WrongStage):
            conversation.after(act)


def _with(**agent: object) -> Conversation:
    conversation = replace(a_conversation(), head=9)
    return conversation.with_member(replace(conversation.member(AGENT), **agent))


def test_a_stranger_is_no_member() -> None:
    with pytest.raises(NotFound):
        a_conversation().member(STRANGER)


def test_who_was_removed_may_read_up_to_its_removal_and_not_speak() -> None:
    conversation = _with(until=5)
    assert conversation.reader(AGENT).until == 5
    with pytest.raises(NotFound):
        conversation.speaker(AGENT)
    with pytest.raises(OutOfOrder):
        conversation.acknowledged(conversation.member(AGENT), 6)


def test_who_was_revoked_may_do_neither() -> None:
    conversation = _with(blocked=True)
    with pytest.raises(NotFound):
        conversation.reader(AGENT)
    with pytest.raises(NotFound):
        conversation.speaker(AGENT)


@pytest.mark.parametrize(
    ("agent", "floor"),
    [({"acked": 3}, 3), ({"until": 5, "acked": 3}, 3), ({"until": 5, "acked": 5}, 7), ({"blocked": True}, 7)],
)
def test_only_who_is_owed_something_holds_envelopes_back(agent: dict[str, object], floor: int) -> None:
    conversation = _with(**agent)
    conversation = conversation.with_member(replace(conversation.member(CUSTOMER), acked=7))
    assert conversation.delivered_floor() == floor


def test_an_acknowledgement_by_the_last_lets_envelopes_go() -> None:
    conversation = _with(acked=4)
    after = conversation.acknowledged(conversation.member(CUSTOMER), 9)
    assert (after.gone, after.member(CUSTOMER).acked) == (4, 9)


def test_an_older_acknowledgement_is_the_same_conversation() -> None:
    conversation = _with(acked=4)
    assert conversation.acknowledged(conversation.member(AGENT), 4) is conversation


def test_delivered_counts_the_others_who_are_members_now() -> None:
    assert _with(acked=4).delivered_to_others(CUSTOMER) == 4
    assert _with(until=5).delivered_to_others(CUSTOMER) == 0


def test_a_card_tells_each_device_its_own_numbers() -> None:
    conversation = _with(since=2, sent=3)
    mine, theirs = conversation.card(AGENT), conversation.card(STRANGER)
    assert (mine.since, mine.last_number) == (2, 3)
    assert (theirs.since, theirs.last_number) == (9, 0)


def test_a_new_member_stands_at_the_end() -> None:
    conversation = a_conversation().with_member(Member(device=STRANGER, role="agent", since=0))
    assert [each.device for each in conversation.members] == [CUSTOMER, AGENT, STRANGER]
    assert conversation.has_agent()
