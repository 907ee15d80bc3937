"""The judge of the fault tests can find what they look for."""

from __future__ import annotations

import pytest

from sotto_bench.oracle import Line, Oracle, in_all

ONE, TWO, HERS = Line("customer", "One"), Line("customer", "Two"), Line("agent", "Hers")


@pytest.fixture
def oracle() -> Oracle:
    knows = Oracle()
    for line in (ONE, TWO, HERS):
        knows.said(*line)
    knows.acknowledged("customer", ["One"])
    return knows


def test_equal_transcripts_of_everything_said_are_clean(oracle: Oracle) -> None:
    findings = oracle.judge({"customer": [ONE, HERS, TWO], "agent": [ONE, HERS, TWO]})
    assert findings.is_clean
    assert (findings.said, findings.acknowledged) == (3, 1)


def test_an_acknowledged_message_that_is_missing_is_lost_another_one_unsent(oracle: Oracle) -> None:
    findings = oracle.judge({"customer": [ONE, TWO, HERS], "agent": [HERS]})
    assert (findings.lost, findings.unsent) == (1, 1)


def test_a_message_shown_twice_is_doubled(oracle: Oracle) -> None:
    assert oracle.judge({"agent": [ONE, ONE, TWO, HERS]}).doubled == 1


def test_a_speakers_words_in_another_order_are_reordered(oracle: Oracle) -> None:
    assert oracle.judge({"agent": [TWO, ONE, HERS]}).reordered == 1


def test_another_order_on_another_client_is_reordered(oracle: Oracle) -> None:
    assert oracle.judge({"customer": [ONE, TWO, HERS], "agent": [ONE, HERS, TWO]}).reordered == 2


def test_what_nobody_said_is_invented(oracle: Oracle) -> None:
    findings = oracle.judge({"agent": [ONE, TWO, HERS, Line("agent", "Buy gold")]})
    assert findings.invented == 1
    assert not in_all([findings, findings]).is_clean
