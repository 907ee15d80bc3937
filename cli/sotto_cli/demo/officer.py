"""The demo's officer: approves every device that asks. A real officer compares the words with the person first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import click

from sotto_cli.demo.places import AGENTS, DESK

if TYPE_CHECKING:
    from sotto_cli.demo.commands import Sotto

LOOK_EVERY_S: Final = 1.0


async def approve_devices(sotto: Sotto) -> None:
    """Once a second: collect requests at the relay, issue at the office, publish. Runs until cancelled."""
    while True:
        for code in await _requests(sotto):
            await _approve(sotto, code)
        await asyncio.sleep(LOOK_EVERY_S)


async def _requests(sotto: Sotto) -> list[dict[str, str]]:
    answer = await sotto.run("agents", "requests")
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
