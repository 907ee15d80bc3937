"""`sotto init`: set a relay up under an organisation's root, with its database and statement key. Safe to repeat."""

from __future__ import annotations

from pathlib import Path

import click

from sotto_cli.output import json_option, tell
from sotto_cli.relay_data import at_the_relay, data_option, settings
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.text_forms import fingerprint
from sotto_keys.shared.words import organisation_words
from sotto_server.adapters.clock import SystemClock
from sotto_server.adapters.entropy import system_entropy
from sotto_server.adapters.statement_key_file import PUBLIC_NAME, make_statement_key
from sotto_server.usecases.publish_documents import anchor_root


@click.command()
@click.option("--root", "root", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True)
@data_option
@json_option
def init(*, root: Path, data: Path | None, as_json: bool) -> None:
    """Set up a data directory: database, the root it believes, and a statement key."""
    folder = settings(data).data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    envelope = root.read_bytes()
    with at_the_relay(data, create=True) as relay:
        relay.commit(anchor_root, envelope)
        key = make_statement_key(relay.config.statement_key, system_entropy, now=SystemClock().now())
    digest = parse_envelope(envelope).digest
    words = organisation_words(digest)
    public = folder / PUBLIC_NAME
    facts = {
        "data": str(folder),
        "root": fingerprint(digest),
        "words": list(words),
        "statement_key": str(public),
        "statement_key_ends": key.exp,
    }
    people = (
        f"Set up in {folder}. Organisation words: {' · '.join(words)}\n"
        f"Carry {public} to the officer: sotto keys trust --statement-key {public.name} --policy policy.toml …"
    )
    tell(facts, as_json=as_json, people=people)
