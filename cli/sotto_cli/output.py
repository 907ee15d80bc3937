"""What the command line says: one JSON object on stdout with `--json`, words for people on stderr without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.ceremony.device_request import DeviceRequest

SCHEMA_VERSION: Final = 1

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")


def tell(facts: Mapping[str, object], *, as_json: bool, people: str) -> None:
    """The result: machines read `facts`, people read `people`."""
    if as_json:
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **facts}))
    else:
        click.echo(people, err=True)


def request_for_people(request: DeviceRequest) -> str:
    """Who asks and the words to compare; the label last, quoted: a device may call itself by the words of another one (T35)."""
    label = json.dumps(" ".join(request.device.split()), ensure_ascii=False)
    return f"{request.person}\n  words:  {' · '.join(request.words)}\n  device: {label}"
