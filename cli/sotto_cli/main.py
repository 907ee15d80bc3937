"""`sotto …`: the table of commands, and what an ending means as an exit code. Each command is loaded when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Final

import click

from sotto_cli.output import json_option, tell
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED: Final = 2
USAGE: Final = 64
COMMANDS: Final = {
    "agents": "sotto_cli.agents:agents",
    "bench": "sotto_bench.main:bench",
    "healthcheck": "sotto_cli.healthcheck:healthcheck",
    "incident": "sotto_cli.incident:incident",
    "init": "sotto_cli.init:init",
    "keys": "sotto_cli.keys:keys",
    "privacy": "sotto_cli.privacy:privacy",
    "receipt": "sotto_cli.receipt:receipt",
    "records": "sotto_cli.records:records",
    "run": "sotto_cli.run:run",
    "site": "sotto_cli.site:site",
    "snippet": "sotto_cli.snippet:snippet",
    "trust": "sotto_cli.trust:trust",
}
"""An officer's `keys` must not load a server, and `run` must not wait for what it does not need."""


class Commands(click.Group):
    """Exit codes: 0 ok, 1 findings or warnings, 2 failed, 64 wrong usage."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def main(  # type: ignore[override]  # click's signature has loose types; this one ends the process, always
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        complete_var: str | None = None,
        **extra: object,
    ) -> None:
        """Run, and end the process with the code that tells how it went."""
        extra["standalone_mode"] = False
        sys.exit(self._code(args, prog_name, complete_var=complete_var, extra=extra))

    def _code(
        self, args: Sequence[str] | None, prog_name: str | None, *, complete_var: str | None, extra: dict[str, object]
    ) -> int:
        try:
            ended = super().main(args, prog_name, complete_var=complete_var, **extra)  # type: ignore[call-overload]
        except click.UsageError as error:
            error.show()
            return USAGE
        except click.ClickException as error:
            error.show()
            return FAILED
        except click.Abort:
            return FAILED
        except (Refused, Untrusted) as error:
            click.echo(f"sotto: refused: {error.code} ({error})", err=True)
            return FAILED
        except OSError as error:
            click.echo(f"sotto: {error}", err=True)
            return FAILED
        return ended if isinstance(ended, int) else 0


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Secure customer-agent messaging."""


@cli.command()
@json_option
def version(*, as_json: bool) -> None:
    """The installed version."""
    number = installed_version("sotto")
    tell({"version": number}, as_json=as_json, people=number)


if __name__ == "__main__":
    cli()
