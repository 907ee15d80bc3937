from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.raw_peer import RawPeer
from tests.support.running_relay import Running, a_config, a_running_relay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

Connect = "Callable[[], Awaitable[RawPeer]]"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with a_running_relay(a_config(tmp_path / "data")) as relay:
        yield relay


@pytest.fixture
async def connect(running: Running) -> AsyncIterator[Callable[[], Awaitable[RawPeer]]]:
    peers: list[RawPeer] = []

    async def open_one() -> RawPeer:
        peers.append(await RawPeer.connect(running.port))
        return peers[-1]

    yield open_one
    for peer in peers:
        peer.hang_up()
