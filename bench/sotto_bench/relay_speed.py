"""`sotto bench relay`: messages per CPU second of the real relay, beside a naive forwarder on the same machine in the same minutes."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from websockets.asyncio.client import connect

from sotto_bench.crowd import AGENT, CUSTOMER, gathered
from sotto_bench.usage import cpu_s
from sotto_bench.works import founded, free_port
from sotto_cli.output import json_option, tell
from sotto_wire.limits import MESSAGES_PER_10_S

if TYPE_CHECKING:
    from sotto_bench.crowd import Crowd
    from sotto_bench.works import Works

MESSAGE_BYTES: Final = 336
"""A text of 200 bytes, encrypted and padded."""
WINDOW_MS: Final = 10_000


async def _relay_round(works: Works, crowd: Crowd, *, messages: int) -> float:
    """Messages per CPU second, from a device's `say` until the other end has acknowledged."""
    assert works.relay is not None
    per_agent = max(1, MESSAGES_PER_10_S * len(crowd.agents) // len(crowd.pairs))
    before, sent = cpu_s(works.relay), 0
    while sent < messages:
        works.advance(WINDOW_MS)
        for pair in crowd.pairs:
            for speaker, count in ((CUSTOMER, per_agent), (AGENT, per_agent)):
                for _ in range(count):
                    pair.say(speaker)
                    sent += 1
        assert await crowd.settle()
    return sent / (cpu_s(works.relay) - before)


async def _naive_round(port: int, pid: int, *, pairs: int, messages: int) -> float:
    before = cpu_s(pid)
    each = messages // (2 * pairs)
    await asyncio.gather(*(_naive_pair(f"ws://127.0.0.1:{port}/{room}", each) for room in range(pairs)))
    return 2 * pairs * each / (cpu_s(pid) - before)


async def _naive_pair(url: str, each: int) -> None:
    """Both ends say so many, one after the other, and hear as many."""
    async with connect(url, compression=None, proxy=None) as one, connect(url, compression=None, proxy=None) as two:
        for _ in range(each):
            await one.send(bytes(MESSAGE_BYTES))
            await two.recv()
            await two.send(bytes(MESSAGE_BYTES))
            await one.recv()


async def _listening(port: int) -> None:
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)


async def compare(folder: Path, *, rounds: int, messages: int, pairs: int) -> tuple[list[float], list[float]]:
    """Messages per CPU second, the relay's rounds and the forwarder's, taken in turn."""
    port = free_port()
    naive = await asyncio.create_subprocess_exec(sys.executable, "-m", "sotto_bench.forwarder", str(port))
    ours: list[float] = []
    theirs: list[float] = []
    try:
        await _listening(port)
        async with founded(folder / "works") as works, gathered(works, folder / "devices", pairs=pairs) as crowd:
            for _ in range(rounds):
                ours.append(await _relay_round(works, crowd, messages=messages))
                theirs.append(await _naive_round(port, naive.pid, pairs=pairs, messages=messages * 5))
    finally:
        naive.terminate()
        await naive.wait()
    return ours, theirs


@click.command("relay")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100))
@click.option("--messages", default=400, show_default=True, type=click.IntRange(40, 100_000), help="A round.")
@click.option("--pairs", default=8, show_default=True, type=click.IntRange(1, 40), help="Conversations at a time.")
@json_option
def relay_speed(*, rounds: int, messages: int, pairs: int, as_json: bool) -> None:
    """Stored, ordered, acknowledged and delivered, against merely passed on."""
    with tempfile.TemporaryDirectory(prefix="sotto-bench-") as folder:
        ours, theirs = asyncio.run(compare(Path(folder), rounds=rounds, messages=messages, pairs=pairs))
    relay, naive = statistics.median(ours), statistics.median(theirs)
    facts = {
        "relay_messages_per_cpu_s": round(relay),
        "naive_messages_per_cpu_s": round(naive),
        "ratio": round(relay / naive, 3),
        "rounds": {"relay": [round(each) for each in ours], "naive": [round(each) for each in theirs]},
    }
    people = f"relay {relay:.0f}, naive forwarder {naive:.0f} messages per CPU second: ratio {relay / naive:.3f}"
    tell(facts, as_json=as_json, people=people)
