"""Whoever is slow is not stuck: the harness gives up when nothing moves, not when much takes long."""

from __future__ import annotations

from sotto_bench.patience import Patience
from sotto_wire.limits import MESSAGES_PER_10_S

STILL_S = 60.0


def test_a_backlog_that_the_rate_limit_lets_out_slowly_is_waited_for() -> None:
    patience = Patience(still_s=STILL_S)
    backlog, sent, now_s = 428, 0, 0.0
    while sent < backlog:
        sent = min(backlog, sent + MESSAGES_PER_10_S)
        assert not patience.is_over(sent, now_s=now_s)
        now_s += 10.0
    assert now_s > 2 * STILL_S  # two minutes, the fixed time before, were not enough


def test_it_is_over_once_nothing_has_moved_for_so_long() -> None:
    patience = Patience(still_s=STILL_S)
    assert not patience.is_over(7, now_s=100.0)
    assert not patience.is_over(7, now_s=159.9)
    assert patience.is_over(7, now_s=160.0)


def test_one_message_more_begins_the_wait_again() -> None:
    patience = Patience(still_s=STILL_S)
    assert not patience.is_over(7, now_s=100.0)
    assert not patience.is_over(8, now_s=159.0)
    assert not patience.is_over(8, now_s=218.0)
    assert patience.is_over(8, now_s=219.0)
