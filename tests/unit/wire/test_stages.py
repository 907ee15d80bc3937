"""Tests of stages.py over the whole product of stages and acts, and of refusals.py, codes.py and ids.py."""

from __future__ import annotations

from itertools import product

import pytest

from sotto_wire.codes import Code
from sotto_wire.ids import ConversationId, group_id
from sotto_wire.refusals import BY_CODE, Refused, TooFast, WrongStage, refusal
from sotto_wire.stages import NEXT, Act, Stage, advance


@pytest.mark.parametrize(("stage", "act"), list(product(Stage, Act)))
def test_every_act_moves_a_conversation_as_the_table_says_or_is_refused(stage: Stage, act: Act) -> None:
    if (stage, act) in NEXT:
        assert advance(stage, act) is NEXT[stage, act]
        return
    with pytest.raises(WrongStage):
        advance(stage, act)


def test_a_closed_conversation_stays_closed() -> None:
    assert not [act for stage, act in NEXT if stage is Stage.CLOSED]


def test_from_every_open_stage_one_can_close() -> None:
    for stage in set(Stage) - {Stage.CLOSED}:
        assert advance(stage, Act.CLOSE) is Stage.CLOSED


def test_every_stage_can_be_reached_from_waiting() -> None:
    reached = {Stage.WAITING}
    for _ in Stage:
        reached |= {after for (before, _), after in NEXT.items() if before in reached}
    assert reached == set(Stage)


def test_only_an_admission_or_the_answer_to_a_left_message_makes_a_conversation_active() -> None:
    into = {(stage, act) for (stage, act), after in NEXT.items() if after is Stage.ACTIVE and stage is not Stage.ACTIVE}
    answered = {(stage, Act.ANSWER) for stage in (Stage.WAITING, Stage.LEFT, Stage.PROPOSED)}
    assert into == {(Stage.PROPOSED, Act.ADMIT)} | answered


def test_every_code_has_one_refusal_and_back() -> None:
    assert set(BY_CODE) == set(Code)
    for code, kind in BY_CODE.items():
        assert type(refusal(code)) is kind


def test_a_refusal_says_when_to_try_again_and_keeps_the_rest_inside() -> None:
    refused = refusal(Code.TOO_FAST, retry_after_ms=500)
    assert isinstance(refused, TooFast)
    assert refused.retry_after_ms == 500
    assert str(refused) == ""
    assert Refused("inside").retry_after_ms is None


def test_a_group_id_is_conversation_and_number() -> None:
    assert group_id(ConversationId(bytes(16)), 258) == bytes(18) + b"\x01\x02"
