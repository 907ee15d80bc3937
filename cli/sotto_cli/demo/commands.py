"""Runs `sotto …` as its own process, the way an operator or officer would type it, and reads its JSON answer."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_cli.demo.places import Places

Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Sotto:
    """`run("site", "add", …)` is `sotto site add … --json`."""

    places: Places

    @property
    def environment(self) -> Mapping[str, str]:
        """The relay's settings; nothing secret is among them."""
        places = self.places
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("SOTTO_")},
            "SOTTO_DATA_DIR": str(places.relay),
            "SOTTO_WEB_DIR": str(places.web),
            "SOTTO_LISTEN": f"127.0.0.1:{places.relay_port}",
            "SOTTO_PUBLIC_URL": places.relay_url,
        }

    async def start(self, *words: str, output: int | None = None) -> asyncio.subprocess.Process:
        """The process, running; `output` as in `subprocess`, none for this terminal."""
        argv = (sys.executable, "-m", "sotto_cli.main", *words)
        nothing = asyncio.subprocess.DEVNULL
        return await asyncio.create_subprocess_exec(
            *argv, env=self.environment, stdin=nothing, stdout=output, stderr=output
        )

    async def run(self, *words: str) -> Facts:
        """Its JSON answer; a `ClickException` with its own words when it failed."""
        process = await self.start(*words, "--json", output=asyncio.subprocess.PIPE)
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:  # whoever asked was cancelled: nobody waits for the answer any more
                process.kill()
        if process.returncode != 0:
            raise click.ClickException(f"sotto {' '.join(words[:2])} ({process.returncode}): {err.decode().strip()}")
        facts: Facts = json.loads(out or b"{}")
        return facts
