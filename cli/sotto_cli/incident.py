"""`sotto incident …`: what the organisation tells the people whom a breach concerns. An officer's work, offline."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sotto_cli.output import json_option, tell
from sotto_cli.passphrase import passphrase_option
from sotto_keys.ceremony.office import Office
from sotto_keys.ceremony.sign_incident import read_incident_file, sign_incident
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from sotto_keys.shared.secret import SecretText


@click.group()
def incident() -> None:
    """Notices to the people whom a breach concerns."""


@incident.command("sign")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.toml")
@click.option(
    "--office", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="The officer's folder."
)
@passphrase_option
@json_option
def sign(*, file: Path, folder: Path, passphrase: SecretText, as_json: bool) -> None:
    """Sign the notice in FILE.toml with the issuing key. Nobody is told before it is published.

    The same name signed again is a correction: it replaces the notice, and whoever has read the old one is shown the new one.
    """
    office, wanted = Office(folder), read_incident_file(file.read_bytes())
    now = Millis(time.time_ns() // 1_000_000)
    signed, path = sign_incident(office, wanted, signer=office.issuing_key(passphrase), now=now)
    languages = sorted(signed.texts)
    facts = {"incident": signed.incident, "file": str(path), "languages": languages, "expires": signed.expires}
    people = f"Signed {signed.incident} in {', '.join(languages)}. Publish it: sotto trust publish --relay URL {path}"
    tell(facts, as_json=as_json, people=people)
