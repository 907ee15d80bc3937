"""The demo's officer: approves every device that asks. A real officer compares the words with the person first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import click

from sotto_cli.demo.places import PEOPLE

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
    person = next(each for each in PEOPLE if each.agent == request["person"])
    issued = await sotto.run(
        "keys",
        "issue",
        request["code"],
        "--office",
        str(places.office),
        "--passphrase-file",
        str(places.passphrase),
        "--name",
        person.name,
        "--desk",
        person.desk,
        "--kind",
        person.kind,
        *(part for role in person.roles for part in ("--role", role)),
    )
    await sotto.run("trust", "publish", "--relay", places.relay_url, str(issued["file"]))
    words = " · ".join(request["words"])
    click.echo(f"officer: approved {request['person']} on {request['device']} ({words})", err=True)
