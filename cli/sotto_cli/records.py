"""`sotto records …`: what the ledger of a relay holds about one conversation, as records. For whoever has the data directory at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sotto_cli.relay_data import at_the_relay, data_option
from sotto_keys.shared.record.shape import array_of
from sotto_keys.shared.text_forms import from_base64url
from sotto_keys.shared.untrusted import Malformed
from sotto_server.usecases.show_records import show_records
from sotto_wire.ids import CONVERSATION_ID_BYTES, ConversationId

if TYPE_CHECKING:
    from pathlib import Path


def _conversation(_context: click.Context, _option: click.Parameter, value: str) -> ConversationId:
    try:
        return ConversationId(from_base64url(value, length=CONVERSATION_ID_BYTES))
    except Malformed:
        raise click.BadParameter("not the name of a conversation, as a receipt file has it") from None


@click.command()
@click.argument("conversation", callback=_conversation)
@data_option
def records(*, conversation: ConversationId, data: Path | None) -> None:
    """The records of CONVERSATION as a JSON array, with the field names of ISO/IEC TS 27560. Exit code 2 where the ledger has none.

    A name that begins with a hyphen comes after `--`.
    """
    with at_the_relay(data) as relay:
        click.echo(array_of(relay.read(show_records, conversation)), nl=False)
