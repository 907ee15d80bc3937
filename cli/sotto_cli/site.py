"""`sotto site …`: which websites may open the widget, and which desks their customers reach."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from sotto_cli.output import json_option, tell
from sotto_cli.relay_data import SLUG, at_the_relay, data_option
from sotto_server.config import as_origin
from sotto_server.usecases.administer import NewSite, add_site
from sotto_wire.ids import DeskId, SiteId

if TYPE_CHECKING:
    from pathlib import Path


def slug(_context: click.Context, _option: click.Parameter, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Short names of sites, desks and agents, as frames carry them."""
    for each in (value,) if isinstance(value, str) else value:
        if not re.fullmatch(SLUG, each):
            raise click.BadParameter(f"{each}: small letters, digits, and . _ - between them")
    return value


def _origins(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(as_origin(each) for each in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.group()
def site() -> None:
    """Websites with a widget."""


@site.command("add")
@click.argument("name", callback=slug)
@click.option(
    "--origin", "origins", multiple=True, required=True, callback=_origins, help="Such as https://shop.example"
)
@click.option("--desk", "desks", multiple=True, required=True, callback=slug)
@data_option
@json_option
def add(*, name: str, origins: tuple[str, ...], desks: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """Let the pages of these origins open the widget. Again: adds what is new."""
    new = NewSite(site=SiteId(name), origins=origins, desks=tuple(map(DeskId, desks)))
    with at_the_relay(data) as relay:
        relay.commit(add_site, new)
    people = f"Site {name}: {', '.join(origins)} may reach {', '.join(desks)}. Next: sotto snippet {name}"
    tell({"site": name, "origins": list(origins), "desks": list(desks)}, as_json=as_json, people=people)
