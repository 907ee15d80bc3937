"""`sotto bench faults`: kill the relay at random moments and at named points while people talk, and compare what everybody shows."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from sotto_bench.crowd import gathered
from sotto_bench.works import founded
from sotto_bench.wounds import Point, Wound
from sotto_cli.output import json_option, tell

if TYPE_CHECKING:
    from sotto_bench.crowd import Crowd
    from sotto_bench.oracle import Findings
    from sotto_bench.works import Works

POINTS: Final[tuple[Point, ...]] = ("before", "statement", "commit", "after")
"""Those of a write."""
LATEST_S: Final = 3.0
"""A point that is not reached by then is a kill from outside."""
MOST_TIMES: Final = 8
PAUSE_S: Final = 0.15
BETWEEN_S: Final = (0.05, 0.6)
FAILED: Final = 2


@dataclass
class Killed:
    """Where the relay was killed, and how often."""

    at_point: dict[str, int] = field(default_factory=dict)
    from_outside: int = 0

    def note(self, point: str) -> None:
        self.at_point[point] = self.at_point.get(point, 0) + 1


async def kill_often(works: Works, crowd: Crowd, *, kills: int, dice: random.Random) -> Killed:
    """So many lives of the relay, each ended by SIGKILL, while the crowd talks. Leaves a whole relay running."""
    killed = Killed()
    talking = asyncio.create_task(crowd.talk(dice, pause_s=PAUSE_S))
    try:
        for _ in range(kills):
            await works.kill()
            wound = Wound(at=dice.choice(POINTS), nth=dice.randint(1, MOST_TIMES), deed="die")
            if dice.random() < 1 / (len(POINTS) + 1):
                await works.start()
                await asyncio.sleep(dice.uniform(*BETWEEN_S))
                killed.from_outside += 1
                continue
            await works.launch(wound)
            if await works.died(within_s=LATEST_S):
                killed.note(wound.at)
            else:
                killed.from_outside += 1
        await works.kill()
        await works.start()
    finally:
        talking.cancel()
        with suppress(asyncio.CancelledError):
            await talking
    return killed


def integrity(database: Path) -> str:
    """SQLite's own word on the file; `ok` where it is whole."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        (word,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return str(word)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    killed: Killed
    findings: Findings
    integrity: str
    slowest_start_s: float
    stuck: list[str]

    @property
    def is_clean(self) -> bool:
        return self.findings.is_clean and self.integrity == "ok"


async def run(folder: Path, *, kills: int, pairs: int, seed: int) -> Report:
    """Found, gather, kill, settle, judge."""
    dice = random.Random(seed)  # noqa: S311 - a run that can be repeated
    async with founded(folder / "works") as works, gathered(works, folder / "devices", pairs=pairs) as crowd:
        killed = await kill_often(works, crowd, kills=kills, dice=dice)
        await crowd.settle()
        findings, stuck = crowd.judge(), crowd.stuck()
        await works.stop()
        return Report(killed, findings, integrity(works.database), max(works.starts), stuck)


@click.command()
@click.option("--kills", default=300, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--pairs", default=4, show_default=True, type=click.IntRange(1, 50), help="Conversations at a time.")
@click.option("--seed", default=1, show_default=True)
@json_option
def faults(*, kills: int, pairs: int, seed: int, as_json: bool) -> int:
    """Kill the relay again and again; exit code 2 where an acknowledged message is lost, doubled or out of order."""
    with tempfile.TemporaryDirectory(prefix="sotto-bench-") as folder:
        report = asyncio.run(run(Path(folder), kills=kills, pairs=pairs, seed=seed))
    found = asdict(report.findings)
    facts = {
        "kills": kills,
        "seed": seed,
        "killed_at": report.killed.at_point | {"outside": report.killed.from_outside},
        "messages": found,
        "integrity": report.integrity,
        "slowest_start_s": round(report.slowest_start_s, 2),
        "stuck": report.stuck,
    }
    lines = [f"{kills} kills: {facts['killed_at']}", *(f"{name}: {count}" for name, count in found.items())]
    lines += [f"database: {report.integrity}", f"slowest start: {facts['slowest_start_s']} s"]
    lines += [f"stuck: {each}" for each in report.stuck]
    tell(facts, as_json=as_json, people="\n".join(lines))
    return 0 if report.is_clean else FAILED
