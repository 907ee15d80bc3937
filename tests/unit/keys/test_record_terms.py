"""Times and durations are ISO 8601 and exact; every event of a question has a state."""

from __future__ import annotations

import pytest

from sotto_keys.shared.record.terms import CONSENT_STATES, NOTICE_STATES, duration, utc
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.questions import Event


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (0, "P0D"),
        (-5, "P0D"),
        (1, "PT0.001S"),
        (1500, "PT1.500S"),
        (61_000, "PT1M1S"),
        (3_600_000, "PT1H"),
        (86_400_000, "P1D"),
        (86_401_000, "P1DT1S"),
        (30 * 86_400_000, "P30D"),
        (90_061_007, "P1DT1H1M1.007S"),
    ],
)
def test_a_duration_is_told_exactly(ms: int, told: str) -> None:
    assert duration(ms) == told


def test_a_time_is_told_in_utc_to_the_millisecond() -> None:
    assert utc(0) == "1970-01-01T00:00:00.000Z"
    assert utc(1_800_000_000_007) == "2027-01-15T08:00:00.007Z"
    # The last millisecond of the calendar, and the next.
    assert utc(253_402_300_799_999) == "9999-12-31T23:59:59.999Z"
    with pytest.raises(Malformed):
        utc(253_402_300_800_000)


def test_every_event_has_a_state_and_each_is_one_of_its_own() -> None:
    assert set(CONSENT_STATES) == set(NOTICE_STATES) == set(Event)
    assert len(set(CONSENT_STATES.values())) == len(Event)
    assert not any("consent" in state.lower() for state in NOTICE_STATES.values())
