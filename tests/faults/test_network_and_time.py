"""Bad networks and clocks that jump: what was acknowledged stays, in its order, and nothing ends that should live."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from sotto_bench.crowd import gathered
from sotto_bench.sleeping import sleep_and_wake
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_bench.crowd import Crowd
    from sotto_bench.works import Works

pytestmark = pytest.mark.timeout(300)  # real sockets that come back after real pauses, on a machine that may be busy
ROUNDS = 3
HOUR_MS = 3600 * 1000


async def _talking(crowd: Crowd, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await crowd.talk(random.Random(14), pause_s=0.05)  # noqa: S311 - seeded


async def test_connections_that_are_reset_half_closed_and_stalled_lose_nothing(works: Works, tmp_path: Path) -> None:
    """T14."""
    async with gathered(works, tmp_path / "devices", pairs=2) as crowd:
        works.proxy.latency_s = 0.02
        for _ in range(ROUNDS):
            await _talking(crowd, 0.5)
            works.proxy.reset_all()
            await _talking(crowd, 0.5)
            works.proxy.half_close_all()
            await _talking(crowd, 0.5)
            works.proxy.stall()
            await _talking(crowd, 0.5)
            works.proxy.flow()
        assert await crowd.settle()
        findings = crowd.judge()
    assert findings.is_clean, findings


async def test_a_clock_that_jumps_ends_no_conversation_and_holds_nobody_up(works: Works, tmp_path: Path) -> None:
    """T62: an hour ahead is past the half hour after which a silent conversation closes; nobody was silent for long."""
    async with gathered(works, tmp_path / "devices", pairs=2) as crowd:
        for times, jump_ms in enumerate((HOUR_MS, -2 * HOUR_MS), start=1):
            await _talking(crowd, 0.5)
            works.advance(jump_ms)
            await works.told("clock.jumped", times=times)
        assert await crowd.settle()
        findings = crowd.judge()
        stages = {pair.customer.conversation.stage for pair in crowd.pairs}
    assert findings.is_clean, findings
    assert stages == {Stage.ACTIVE}


async def test_a_relay_that_stood_still_tells_so_and_loses_nobody(works: Works, tmp_path: Path) -> None:
    """T63: as under a debugger, a full swap or a frozen machine."""
    async with gathered(works, tmp_path / "devices", pairs=2) as crowd:
        assert works.relay is not None
        os.kill(works.relay, signal.SIGSTOP)
        await _talking(crowd, 2.5)
        os.kill(works.relay, signal.SIGCONT)
        await works.told("loop.stalled")
        assert await crowd.settle()
        findings, told = crowd.judge(), works.log.read_text("utf-8")
    assert findings.is_clean, findings
    assert '"socket.closed"' not in told


async def test_a_relay_restored_from_an_older_copy_is_not_followed_into_the_past(works: Works, tmp_path: Path) -> None:
    """T59: both ends have seen more than it shows. They stop and say so; nothing is merged in silence."""
    async with gathered(works, tmp_path / "devices", pairs=1) as crowd:
        (pair,) = crowd.pairs
        pair.say("customer", "In the copy")
        assert await crowd.settle()
        await works.officer_leaves()
        await works.stop()
        copy = works.database.read_bytes()
        await works.start()
        pair.say("agent", "Not in the copy")
        assert await crowd.settle()
        await works.stop()
        works.database.write_bytes(copy)
        await works.start()
        for end in (pair.customer, pair.chat):
            await end.until(lambda conversation: conversation.broken == "relay_set_back")


async def test_a_phone_that_slept_through_it_all_shows_one_transcript(works: Works, tmp_path: Path) -> None:
    """T80: the agent leaves, the relay restarts twice, much is queued, a second tab opens. `sotto bench sleep`: 5,000."""
    findings, _ = await sleep_and_wake(works, tmp_path, messages=200)
    assert findings.is_clean, findings
    assert findings.said == 200 + 12
