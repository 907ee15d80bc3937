"""One organisation in a folder, with a relay that can be killed, restarted and hurt, behind a proxy that can be a bad network."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import ClientError, ClientSession

from sotto_bench.nursery import Start
from sotto_bench.proxy import FaultProxy
from sotto_bench.wounds import Wound, set_clock
from sotto_cli.demo.commands import Sotto
from sotto_cli.demo.founding import found, sign_and_publish
from sotto_cli.demo.officer import approve_devices
from sotto_cli.demo.places import Places
from sotto_keys.ceremony.office import Office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sotto_wire.ids import Digest

CHECKOUT: Final = Path(__file__).resolve().parents[2]
READY_WITHIN_S: Final = 30.0
GONE_WITHIN_S: Final = 10.0
LOOK_EVERY_S: Final = 0.01


@dataclass(frozen=True)
class BehindProxy(Sotto):
    """`sotto …` for a relay that listens elsewhere than where the world meets it."""

    inner_port: int = 0

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, "SOTTO_LISTEN": f"127.0.0.1:{self.inner_port}"}


@dataclass
class Works:
    """`places.relay_url` is the proxy; the relay itself is `relay`, none while it is down."""

    sotto: BehindProxy
    proxy: FaultProxy
    nursery: asyncio.subprocess.Process
    relay: int | None = None
    offset_ms: int = 0
    officer: asyncio.Task[None] | None = None
    """Approves whoever asks. Its commands hold the database open while they wait."""
    starts: list[float] = field(default_factory=list)
    """Seconds from each start to ready."""

    @property
    def places(self) -> Places:
        return self.sotto.places

    @property
    def root(self) -> Digest:
        return Office(self.places.office).roots().newest.digest

    @property
    def database(self) -> Path:
        return self.places.relay / "sotto.db"

    @property
    def log(self) -> Path:
        return self.places.folder / "relay.log"

    @property
    def _clock(self) -> Path:
        return self.places.folder / "clock"

    def advance(self, ms: int) -> None:
        """The relay's clock jumps, at once."""
        self.offset_ms += ms
        set_clock(self._clock, self.offset_ms)

    async def start(self, wound: Wound | None = None) -> None:
        """A relay that is ready; `AssertionError` with its log where it ends before."""
        began = asyncio.get_running_loop().time()
        await self.launch(wound)
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self._answers():
                assert self.is_up, self.log.read_text("utf-8")[-2000:]
                await asyncio.sleep(LOOK_EVERY_S)
        self.starts.append(asyncio.get_running_loop().time() - began)

    async def launch(self, wound: Wound | None = None) -> None:
        """The process; nobody waits for it."""
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        order = msgspec.json.encode(Start(clock=str(self._clock), wound=wound))
        self.nursery.stdin.write(order + b"\n")
        self.relay = int(await self.nursery.stdout.readline())

    @property
    def is_up(self) -> bool:
        if self.relay is None:
            return False
        try:
            os.kill(self.relay, 0)
        except ProcessLookupError:
            return False
        return True

    async def officer_leaves(self) -> None:
        """Nobody is approved any more, and nobody but the relay has the database open."""
        if self.officer is not None:
            self.officer.cancel()
            with suppress(asyncio.CancelledError):
                await self.officer

    async def kill(self) -> None:
        """As a power cut would: nothing is said to anybody."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    async def died(self, *, within_s: float) -> bool:
        """Wait for it to die by itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.is_up:  # noqa: ASYNC110 - another process's end rings no bell here
                    await asyncio.sleep(LOOK_EVERY_S)
        return not self.is_up

    async def told(self, event: str, *, times: int = 1) -> None:
        """Wait until the relay's log has told of it so often; `TimeoutError` where it does not."""
        async with asyncio.timeout(READY_WITHIN_S):
            while self.log.read_text("utf-8").count(f'"{event}"') < times:  # noqa: ASYNC110 - another process's log rings no bell here
                await asyncio.sleep(LOOK_EVERY_S)

    async def readiness(self) -> int:
        """What `/readyz` answers."""
        async with (
            ClientSession() as client,
            client.get(f"http://127.0.0.1:{self.sotto.inner_port}/readyz") as answer,
        ):
            return answer.status

    def forbid_growth(self) -> None:
        """From now on the system refuses the relay every write that makes a file longer, as a full disk does."""
        assert self.relay is not None
        sizes = [each.stat().st_size for each in self.database.parent.glob("sotto.db*")]
        resource.prlimit(self.relay, resource.RLIMIT_FSIZE, (min(sizes), resource.RLIM_INFINITY))

    def allow_growth(self) -> None:
        assert self.relay is not None
        resource.prlimit(self.relay, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    async def _end(self, number: signal.Signals) -> None:
        if self.relay is not None and self.is_up:
            os.kill(self.relay, number)
            assert await self.died(within_s=GONE_WITHIN_S), "a relay that does not end"
        self.relay = None

    async def _answers(self) -> bool:
        try:
            async with (
                ClientSession() as client,
                client.get(f"http://127.0.0.1:{self.sotto.inner_port}/healthz") as answer,
            ):
                return answer.ok
        except (ClientError, OSError):
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def founded(folder: Path) -> AsyncIterator[Works]:
    """Works whose relay runs, and whose officer approves whoever asks until the end."""
    places = Places(folder=folder, checkout=CHECKOUT, relay_port=free_port(), shop_port=free_port())
    sotto = BehindProxy(places, inner_port=free_port())
    await found(sotto)
    proxy = FaultProxy(places.relay_port, sotto.inner_port)
    with (folder / "relay.log").open("ab") as log:
        nursery = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sotto_bench.nursery"),
            env=sotto.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log.fileno(),
        )
    works = Works(sotto, proxy, nursery)
    works.advance(0)
    await proxy.start()
    await works.start()
    works.officer = asyncio.create_task(approve_devices(sotto))
    try:
        await sign_and_publish(sotto)
        yield works
    finally:
        await works.officer_leaves()
        await proxy.stop()
        await works.kill()
        assert nursery.stdin is not None
        nursery.stdin.close()
        await nursery.wait()
