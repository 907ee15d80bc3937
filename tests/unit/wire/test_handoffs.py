"""Tests of handoffs.py over the whole product of standings and acts."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from sotto_wire.handoffs import ACTS, NEXT, OPEN, STANDINGS, advance_handoff
from sotto_wire.refusals import WrongStage

if TYPE_CHECKING:
    from sotto_wire.handoffs import HandoffAct, HandoffStanding


@pytest.mark.parametrize(("standing", "act"), list(product(STANDINGS, ACTS)))
def test_every_act_moves_an_offer_as_the_table_says_or_is_refused(standing: HandoffStanding, act: HandoffAct) -> None:
    if (standing, act) in NEXT:
        assert advance_handoff(standing, act) == NEXT[standing, act]
        return
    with pytest.raises(WrongStage):
        advance_handoff(standing, act)


def test_nothing_comes_of_an_offer_that_is_over() -> None:
    assert {standing for standing, _ in NEXT} == OPEN


def test_every_standing_can_be_reached() -> None:
    assert {"asked", *NEXT.values()} == set(STANDINGS)


def test_only_an_open_offer_is_accepted_and_only_once() -> None:
    assert [standing for (standing, act) in NEXT if act == "accept"] == ["asked"]
