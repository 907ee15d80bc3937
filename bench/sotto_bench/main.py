"""`sotto bench …`: measurements and faults, on this machine only. Each command is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

COMMANDS: Final = {
    "faults": "sotto_bench.kills:faults",
    "fuzz": "sotto_bench.fuzz:fuzz",
    "idle": "sotto_bench.idle:idle",
    "relay": "sotto_bench.relay_speed:relay_speed",
    "sleep": "sotto_bench.sleeping:sleep",
}


class Benches(click.Group):
    """Commands by name; a measurement must not load what another one needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Benches)
def bench() -> None:
    """Measure this machine's relay, and hurt it. From a checkout whose web bundles are built."""
