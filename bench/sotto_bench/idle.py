"""`sotto bench idle`: what a connection costs the relay while nobody says anything."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Final

import click

from sotto_bench.usage import cpu_s, resident_bytes
from sotto_bench.works import founded
from sotto_cli.demo.places import SITE
from sotto_cli.output import json_option, tell
from sotto_client.connection import Connection
from sotto_client.device import identity_of
from sotto_keys.shared.secret import SecretSigningKey

AT_ONCE: Final = 8
WATCHED_S: Final = 30.0
WARM_UP: Final = 20


async def _connected(url: str, origin: str, count: int) -> list[Connection]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one() -> Connection:
        async with room:
            who = identity_of(SecretSigningKey(os.urandom(32)), role="customer", site=SITE, origin=origin)
            return await Connection.open(url, who)

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def measure(folder: Path, *, connections: int) -> dict[str, float]:
    """Memory and CPU of so many authenticated sockets that say nothing."""
    async with founded(folder / "works") as works:
        assert works.relay is not None
        url = f"ws://127.0.0.1:{works.sotto.inner_port}/v1/socket"
        warm = await _connected(url, works.places.shop_url, WARM_UP)
        before = resident_bytes(works.relay)
        many = await _connected(url, works.places.shop_url, connections)
        after, began = resident_bytes(works.relay), cpu_s(works.relay)
        await asyncio.sleep(WATCHED_S)
        used = cpu_s(works.relay) - began
        for each in (*warm, *many):
            await each.close()
        return {
            "kib_per_connection": round((after - before) / 1024 / connections, 1),
            "cpu_ms_per_connection_minute": round(used * 1000 / (connections + WARM_UP) * 60 / WATCHED_S, 2),
        }


@click.command()
@click.option("--connections", default=400, show_default=True, type=click.IntRange(10, 5_000))
@json_option
def idle(*, connections: int, as_json: bool) -> None:
    """Each connection has said hello with a key of its own and then nothing."""
    with tempfile.TemporaryDirectory(prefix="sotto-bench-") as folder:
        facts = asyncio.run(measure(Path(folder), connections=connections))
    tell({"connections": connections, **facts}, as_json=as_json, people=f"{connections} connections: {facts}")
