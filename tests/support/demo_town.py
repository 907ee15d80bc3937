"""The whole product as `dev.py run` starts it, for browser tests: officer, a relay in a process of its own, a shop on another origin."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from aiohttp import ClientSession, web
from aiohttp.client_exceptions import ClientError
from tests.support.widget_shop import WEB, Shop, serving

from sotto_cli.demo.commands import Sotto
from sotto_cli.demo.founding import found, sign_and_publish
from sotto_cli.demo.officer import approve_devices
from sotto_cli.demo.places import AGENTS, DESK, SITE, Places
from sotto_cli.demo.shop import shop_app

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Coroutine, Iterator
    from concurrent.futures import Future
    from pathlib import Path

T = TypeVar("T")

ANA, BEN = AGENTS
READY_WITHIN_S: Final = 90.0
FOUNDED_WITHIN_S: Final = 120.0
"""A dozen programs start one after the other."""
LOOK_EVERY_S: Final = 0.05


class LoopThread:
    """An event loop beside the browser's, which has the main thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[object, object, T], *, within_s: float = 120.0) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(within_s)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Town:
    """One organisation with its relay. `shop` is the demo's; `other_shop` is a page that a test may change."""

    sotto: Sotto
    thread: LoopThread
    other_shop: Shop = field(default_factory=lambda: Shop(""))
    other_shop_url: str = ""
    snippet: str = ""
    policy: str = ""
    relay: Process | None = None
    officer: Future[None] | None = None

    @property
    def places(self) -> Places:
        return self.sotto.places

    @property
    def console_url(self) -> str:
        return f"{self.places.relay_url}/console/"

    @property
    def shop_url(self) -> str:
        return self.places.shop_url

    def password(self, agent: str) -> str:
        return (self.places.folder / "people" / f"{agent}.txt").read_text("utf-8").strip()

    def run(self, *words: str) -> dict[str, object]:
        """`sotto …` as an operator or officer types it; its JSON answer."""
        return self.thread.do(self.sotto.run(*words))

    def start_relay(self) -> None:
        self.thread.do(self._start_relay())

    def kill_relay(self) -> None:
        """As a power cut would: nothing is said to anybody."""
        self.thread.do(self._stop_relay(signal.SIGKILL))

    def stop_relay(self) -> None:
        self.thread.do(self._stop_relay(signal.SIGTERM))

    async def _start_relay(self) -> None:
        with (self.places.folder / "relay.log").open("ab") as log:
            self.relay = await self.sotto.start("run", output=log.fileno())
        async with asyncio.timeout(READY_WITHIN_S), ClientSession() as client:
            while self.relay.returncode is None:
                try:
                    async with client.get(f"{self.places.relay_url}/healthz") as answer:
                        if answer.ok:
                            return
                except ClientError:
                    await asyncio.sleep(LOOK_EVERY_S)
        raise AssertionError((self.places.folder / "relay.log").read_text("utf-8"))

    async def _stop_relay(self, number: signal.Signals) -> None:
        if self.relay is not None and self.relay.returncode is None:
            self.relay.send_signal(number)
            await self.relay.wait()

    def officer_comes(self) -> None:
        """From now on every device that asks is approved."""
        self.officer = asyncio.run_coroutine_threadsafe(approve_devices(self.sotto), self.thread.loop)

    def officer_leaves(self) -> None:
        if self.officer is not None:
            self.officer.cancel()

    def sell_through(self, relay_url: str) -> None:
        """`other_shop` gets the organisation's snippet, with another address for the relay: that of one that lies."""
        ours, socket_url = self.places.relay_url, self.places.relay_url.replace("http", "ws", 1)
        self.other_shop.page = Shop.with_snippet(self.snippet.replace(ours, relay_url))
        policy = self.policy.replace(socket_url, relay_url.replace("http", "ws", 1))
        self.other_shop.policy = policy.replace(ours, relay_url)


@contextmanager
def founded(folder: Path) -> Iterator[Town]:
    """A town that was just founded. Its relay, shops and approving officer run until the end."""
    assert (WEB / "dist" / "releases.json").is_file(), "the web bundles are not built: run the tests through dev.py"
    places = Places(folder=folder, checkout=WEB.parent, relay_port=free_port(), shop_port=free_port())
    with ExitStack() as ends:
        thread = LoopThread()
        ends.callback(thread.close)
        town = Town(Sotto(places), thread)
        ends.enter_context(_other_shop(town))
        thread.do(found(town.sotto), within_s=FOUNDED_WITHIN_S)
        shutil.copytree(folder, seed_of(folder))
        yield from _open_for_business(town, ends)


@contextmanager
def branch_of(town: Town, folder: Path, *, sotto: type[Sotto] = Sotto) -> Iterator[Town]:
    """The same organisation and people as on the day they were founded, with another relay."""
    shutil.copytree(seed_of(town.places.folder), folder)
    places = Places(folder=folder, checkout=WEB.parent, relay_port=free_port(), shop_port=free_port())
    with ExitStack() as ends:
        branch = Town(sotto(places), town.thread)
        ends.enter_context(_other_shop(branch))
        branch.run("site", "add", SITE, "--origin", places.shop_url, "--desk", DESK)
        yield from _open_for_business(branch, ends)


def seed_of(folder: Path) -> Path:
    """The town as it was before its relay ran."""
    return folder.with_name(f"{folder.name}-as-founded")


@contextmanager
def _other_shop(town: Town) -> Iterator[None]:
    with serving(town.other_shop.handler) as origin:
        town.other_shop_url = origin
        yield


def _open_for_business(town: Town, ends: ExitStack) -> Iterator[Town]:
    town.run("site", "add", SITE, "--origin", town.other_shop_url, "--desk", DESK)
    town.start_relay()
    ends.callback(town.stop_relay)
    town.thread.do(sign_and_publish(town.sotto))
    printed = town.run("snippet", SITE, "--desk", DESK)
    town.snippet, town.policy = str(printed["html"]), str(printed["csp"])
    runner = web.AppRunner(shop_app(town.places.shop, snippet=town.snippet, policy=town.policy), access_log=None)
    town.thread.do(runner.setup())
    town.thread.do(web.TCPSite(runner, "127.0.0.1", town.places.shop_port).start())
    ends.callback(lambda: town.thread.do(runner.cleanup()))
    town.officer_comes()
    ends.callback(town.officer_leaves)
    yield town
