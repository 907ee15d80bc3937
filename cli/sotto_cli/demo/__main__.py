"""`python3 dev.py run`: a demo organisation with relay, console, shop and officer, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from aiohttp import ClientSession, web
from aiohttp.client_exceptions import ClientError

from sotto_cli.demo.commands import Sotto
from sotto_cli.demo.founding import found, sign_and_publish
from sotto_cli.demo.officer import approve_devices
from sotto_cli.demo.places import AGENTS, DESK, GUESTS, SITE, DemoAgent, Places
from sotto_cli.demo.shop import shop_app

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

CHECKOUT: Final = Path(__file__).resolve().parents[3]
READY_WITHIN_S: Final = 30.0


@click.command()
@click.option("--relay-port", type=int, default=8080, show_default=True)
@click.option("--shop-port", type=int, default=8081, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=CHECKOUT / ".dev" / "demo")
def demo(*, relay_port: int, shop_port: int, folder: Path) -> None:
    """Run the demo until Ctrl-C."""
    places = Places(folder=folder.resolve(), checkout=CHECKOUT, relay_port=relay_port, shop_port=shop_port)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(Sotto(places)))


async def _run(sotto: Sotto) -> None:
    click.echo("demo: setting up organisation, relay and shop", err=True)
    await found(sotto)
    relay = await sotto.start("run")
    try:
        await _ready(sotto.places.relay_url, relay)
        await sign_and_publish(sotto)
        async with _shop(sotto):
            _say_where(sotto.places)
            await _until_stopped(sotto, relay)
    finally:
        if relay.returncode is None:
            relay.send_signal(signal.SIGTERM)
            await relay.wait()


async def _ready(url: str, relay: Process) -> None:
    """Waits for the relay's own word; it answers before the trust document is there, only not with `ready`."""
    async with asyncio.timeout(READY_WITHIN_S), ClientSession() as client:
        while relay.returncode is None:
            with contextlib.suppress(ClientError):
                async with client.get(f"{url}/healthz") as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.1)
    raise click.ClickException("the relay stopped; its words are above")


@contextlib.asynccontextmanager
async def _shop(sotto: Sotto) -> AsyncIterator[None]:
    snippet = await sotto.run("snippet", SITE, "--desk", DESK)
    app = shop_app(sotto.places.shop, snippet=str(snippet["html"]), policy=str(snippet["csp"]))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", sotto.places.shop_port).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def _until_stopped(sotto: Sotto, relay: Process) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    officer = asyncio.create_task(approve_devices(sotto))
    ends = (asyncio.create_task(stopped.wait()), asyncio.create_task(relay.wait()))
    await asyncio.wait({officer, *ends}, return_when=asyncio.FIRST_COMPLETED)
    failed = officer.exception() if officer.done() else None
    for task in (officer, *ends):
        task.cancel()
    await asyncio.gather(officer, *ends, return_exceptions=True)
    if failed is not None:
        raise failed


def _say_where(places: Places) -> None:
    ana, ben = AGENTS
    sue, dora, steam = GUESTS
    echo = f"{_program(places, 'echo_agent', ben)} --desk {DESK}"
    click.echo(
        f"""
  Shop      {places.shop_url}/            press Help, then Start chat
  Console   {places.relay_url}/console/    name {ana.agent}, password {_word(places, ana)}

  A second agent: name {ben.agent}, password {_word(places, ben)}
  Or let a program answer as {ben.name}, in another terminal:
    {echo}

  Whom {ana.name} can ask the customer for, from "Ask for…" in an open chat; each signs in to a console once:
    {ben.name} (this desk), {dora.name} (another desk): name {dora.agent}, password {_word(places, dora)}
    {sue.name} (supervisor): name {sue.agent}, password {_word(places, sue)}
    {steam.name} (AI assistant), a program:
    {_program(places, "assistant", steam)}

  Ctrl-C stops everything. Data: {places.folder} (delete it to begin anew).
"""
    )


def _word(places: Places, person: DemoAgent) -> str:
    return places.password(person).read_text("utf-8").strip()


def _program(places: Places, name: str, person: DemoAgent) -> str:
    return (
        f"python -m sotto_client.examples.{name} --relay {places.relay_url} --agent {person.agent} "
        f"--password-file {places.password(person)} --state {places.folder / name}"
    )


if __name__ == "__main__":
    demo()
