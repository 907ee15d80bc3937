"""What the command line says: one JSON object on stdout with `--json`, words for people on stderr without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA_VERSION: Final = 1

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")


def tell(facts: Mapping[str, object], *, as_json: bool, people: str) -> None:
    """The result: machines read `facts`, people read `people`."""
    if as_json:
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **facts}))
    else:
        click.echo(people, err=True)
