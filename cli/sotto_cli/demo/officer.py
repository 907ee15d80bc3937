"""The demo's officer: approves every device that asks. A real officer compares the words with the person first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import click

from sotto_cli.demo.places import AGENTS, DESK

if TYPE_CHECKING:
    from sotto_cli.demo.commands import Sotto

WAIT_S: Final = 30
"""One process that waits costs less than one that starts every second."""
AGAIN_S: Final = 1.0


async def approve_devices(sotto: Sotto) -> None:
    """Collect requests at the relay, issue at the office, publish. Runs until cancelled."""
    while True:
        try:
            for request in await _requests(sotto):
                await _approve(sotto, request)
        except click.ClickException as error:
            # The relay may be restarting; who asked still stands there.
            click.echo(f"officer: {error.message}; looking again", err=True)
            await asyncio.sleep(AGAIN_S)


async def _requests(sotto: Sotto) -> list[dict[str, str]]:
    answer = await sotto.run("agents", "requests", "--wait", str(WAIT_S))
    found = answer["requests"]
    assert isinstance(found, list)
    return found


async def _approve(sotto: Sotto, request: dict[str, str]) -> None:
    places = sotto.places
    names = {agent.agent: agent.name for agent in AGENTS}
    issued = await sotto.run(
        "keys",
        "issue",
        request["code"],
        "--office",
        str(places.office),
        "--passphrase-file",
        str(places.passphrase),
        "--name",
        names.get(request["person"], request["person"]),
        "--desk",
        DESK,
    )
    await sotto.run("trust", "publish", "--relay", places.relay_url, str(issued["file"]))
    words = " · ".join(request["words"])
    click.echo(f"officer: approved {request['person']} on {request['device']} ({words})", err=True)
