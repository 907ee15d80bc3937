"""Windows and pauses."""

from __future__ import annotations

import pytest

from sotto_server.domain import limits
from sotto_server.domain.limits import FIRST_PAUSE_MS, LONGEST_PAUSE_MS, Allowance, Pauses, Window
from sotto_wire.ids import Millis
from sotto_wire.refusals import TooFast


def test_a_window_lets_so_many_through_and_says_when_the_next() -> None:
    window = Window(count=2, length_ms=100)
    window.take("a", now=Millis(0))
    window.take("a", now=Millis(30))
    with pytest.raises(TooFast) as refused:
        window.take("a", now=Millis(60))
    assert refused.value.retry_after_ms == 40
    window.take("b", now=Millis(60))
    window.take("a", now=Millis(100))


def test_an_allowance_lets_some_through_in_a_row_and_fills_again_with_time() -> None:
    allowance = Allowance(per_s=2, at_once=3)
    assert [allowance.take("a", now_s=0) for _ in range(4)] == [True, True, True, False]
    assert allowance.take("b", now_s=0)
    assert [allowance.take("a", now_s=0.6) for _ in range(2)] == [True, False]
    assert [allowance.take("a", now_s=99) for _ in range(4)] == [True, True, True, False]


def test_a_first_try_waits_for_nothing() -> None:
    Pauses().check("ada", now=Millis(0))


@pytest.mark.parametrize(("failures", "pause"), [(1, 1_000), (2, 2_000), (5, 16_000), (40, LONGEST_PAUSE_MS)])
def test_each_failure_doubles_the_pause_up_to_a_quarter_of_an_hour(failures: int, pause: int) -> None:
    pauses = Pauses()
    for _ in range(failures):
        pauses.begin("ada", now=Millis(0))
    with pytest.raises(TooFast) as refused:
        pauses.check("ada", now=Millis(0))
    assert refused.value.retry_after_ms == pause
    pauses.check("ada", now=Millis(pause))
    pauses.check("ben", now=Millis(0))


def test_success_forgets_the_failures() -> None:
    pauses = Pauses()
    pauses.begin("ada", now=Millis(0))
    pauses.succeeded("ada")
    pauses.check("ada", now=Millis(0))


def test_made_up_names_cost_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NAMES_AT_MOST", 3)
    window, allowance, pauses = Window(count=1, length_ms=100), Allowance(per_s=1, at_once=1), Pauses()
    for number in range(9):
        allowance.take(str(number), now_s=0)
        window.take(str(number), now=Millis(0))
        pauses.begin(str(number), now=Millis(0))
    assert len(window._taken) == len(allowance._left) == len(pauses._failures) == 3


def test_a_clock_set_back_holds_nobody_up_until_it_has_caught_up() -> None:
    window = Window(count=1, length_ms=10_000)
    window.take("a", now=Millis(5_000_000))
    window.take("a", now=Millis(1_000_000))
    pauses = Pauses()
    pauses.begin("a", now=Millis(5_000_000))
    with pytest.raises(TooFast) as slow:
        pauses.check("a", now=Millis(1_000_000))
    assert slow.value.retry_after_ms == FIRST_PAUSE_MS
