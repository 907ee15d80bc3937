from __future__ import annotations

from sotto_server.domain.steadiness import PAUSE_MS, Steadiness
from sotto_wire.ids import Millis
from sotto_wire.limits import CLOCK_SKEW_MS

NOW = 1_800_000_000_000


def test_clocks_that_go_alike_end_what_is_due() -> None:
    steadiness = Steadiness()
    assert not steadiness.jumped(Millis(NOW), 0)
    assert not steadiness.jumped(Millis(NOW + 10_000 + CLOCK_SKEW_MS), 10_000)
    assert steadiness.may_end(10_000)


def test_after_a_jump_nothing_ends_for_as_long_as_silence_may_last() -> None:
    for jump in (3_600_000, -3_600_000):
        steadiness = Steadiness()
        steadiness.jumped(Millis(NOW), 0)
        assert steadiness.jumped(Millis(NOW + jump), 10)
        assert not steadiness.may_end(10)
        assert not steadiness.may_end(PAUSE_MS + 9)
        assert steadiness.may_end(PAUSE_MS + 10)


def test_a_jump_is_told_once() -> None:
    steadiness = Steadiness()
    steadiness.jumped(Millis(NOW), 0)
    steadiness.jumped(Millis(NOW + 3_600_000), 10)
    assert not steadiness.jumped(Millis(NOW + 3_600_010), 20)
