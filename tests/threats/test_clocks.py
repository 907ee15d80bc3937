"""Row 36 at the relay: a wall clock that is days off refuses what it must, wedges nothing, and moves no deadline of a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.support.invariants import standing
from tests.support.relay_world import CustomerDevice
from tests.support.wire_client import signed_in

from sotto_wire.frames import Opened, Refusal

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS: Final = 24 * 3600 * 1000


@pytest.mark.parametrize(
    ("days", "codes"),
    [(-2, {"clock_skew", "untrusted"}), (400, {"clock_skew", "untrusted", "unavailable"})],
    ids=["two days slow", "four hundred days fast"],
)
async def test_row_36_a_clock_that_is_off_opens_nothing_and_all_is_well_when_it_is_set(
    tmp_path: Path, days: int, codes: set[str]
) -> None:
    async with standing(tmp_path) as relay:
        late = CustomerDevice("late")
        relay.clock.move(days * DAY_MS)
        async with signed_in(relay.running.port, late.key) as (page, welcomed):
            assert welcomed.server_time == relay.clock.now()
            await page.send(late.opening())
            assert (await page.next(Refusal)).code in codes
        relay.clock.move(-days * DAY_MS)
        async with signed_in(relay.running.port, late.key) as (page, _):
            await page.send(late.opening())
            assert (await page.next(Opened)).card.stage == "waiting"


@pytest.mark.parametrize("hours", [-1, 1])
async def test_row_36_a_jump_of_an_hour_cuts_nobody(tmp_path: Path, hours: int) -> None:
    async with standing(tmp_path) as relay:
        relay.begin()
        await relay.holds(is_told=False)
        relay.clock.move(hours * 3600 * 1000)
        # The sign-in of an agent who was idle for an hour is over, which is right; customers stay.
        peer = await relay.connect()
        await peer.upgrade()
        assert await peer.close_code() == 4408
        async with signed_in(relay.running.port, CustomerDevice("another").key) as (_, welcomed):
            assert welcomed.device_state == "customer"
