"""A relay that dies or whose disk fails loses, doubles and reorders nothing that it acknowledged."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from sotto_bench.crowd import gathered
from sotto_bench.kills import integrity, kill_often
from sotto_bench.wounds import Wound

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_bench.works import Works
    from sotto_bench.wounds import Point

pytestmark = pytest.mark.timeout(300)  # twenty lives of a process, on a machine that may be busy
KILLS = 20


async def test_twenty_kills_lose_double_and_reorder_nothing(works: Works, tmp_path: Path) -> None:
    """T50, T54."""
    async with gathered(works, tmp_path / "devices", pairs=3) as crowd:
        await kill_often(works, crowd, kills=KILLS, dice=random.Random(50))  # noqa: S311 - seeded
        assert await crowd.settle()
        findings = crowd.judge()
    await works.stop()
    assert findings.acknowledged == findings.said > KILLS
    assert findings.is_clean, findings
    assert integrity(works.database) == "ok"


@pytest.mark.parametrize("at", ["commit", "after"])
async def test_a_disk_that_fails_at_the_commit_costs_no_message(works: Works, tmp_path: Path, at: Point) -> None:
    """T51: `after` is the fsync that failed although everything reached the disk: the retry is answered, not stored again."""
    async with gathered(works, tmp_path / "devices", pairs=1) as crowd:
        await works.kill()
        await works.start(Wound(at=at, nth=8, deed="fail"))
        (pair,) = crowd.pairs
        for _ in range(10):
            pair.say("customer")
            pair.say("agent")
        assert await crowd.settle()
        findings = crowd.judge()
    assert findings.is_clean, findings
    assert '"fault.raised"' in works.log.read_text("utf-8")


async def test_a_disk_that_cannot_be_read_once_leaves_nobody_deaf(works: Works, tmp_path: Path) -> None:
    """T51: an end whose `follow` was refused for that alone must not stay on an open socket on which nothing comes."""
    async with gathered(works, tmp_path / "devices", pairs=1) as crowd:
        await works.kill()
        await works.start(Wound(at="follow", nth=1, deed="fail"))
        (pair,) = crowd.pairs
        await works.told("fault.raised")
        pair.say("customer")
        pair.say("agent")
        assert await crowd.settle()
        findings = crowd.judge()
    assert findings.is_clean, findings


async def test_a_disk_that_takes_no_more_acknowledges_nobody_until_it_does(works: Works, tmp_path: Path) -> None:
    """T51, T52: what is said meanwhile waits at the devices, open sockets stay, and `/readyz` tells."""
    async with gathered(works, tmp_path / "devices", pairs=1) as crowd:
        (pair,) = crowd.pairs
        pair.say("customer", "Before")
        assert await crowd.settle()
        works.forbid_growth()
        pair.say("customer", "While the disk is full")
        await works.told("fault.raised")
        assert await works.readiness() == 503
        assert [each.text for each in pair.chat.conversation.messages] == ["Before"]
        works.allow_growth()
        assert await crowd.settle()
        findings = crowd.judge()
    assert findings.is_clean, findings
