"""What the relay says it holds of this conversation: its rows, page after page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_wire.frames import Holdings, ShowHoldings

if TYPE_CHECKING:
    from sotto_client.link import Link
    from sotto_wire.ids import ConversationId


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One row. `fields` holds every column by its name, as text: octets in hexadecimal, or as SHA-256 and size where they are long."""

    table: str
    about: str
    fields: dict[str, str]


async def ask_holdings(link: Link, conversation: ConversationId) -> tuple[HeldRow, ...]:
    """All of them. What changes while they are read may be missing or there twice. Raises the relay's refusal, or `LinkLost`."""
    rows: list[HeldRow] = []
    left = 1
    while left > 0:
        page = await link.insist(
            lambda ref: ShowHoldings(ref=ref, conversation=conversation, after=len(rows))  # noqa: B023 - asked at once
        )
        assert isinstance(page, Holdings), "the relay answers so"
        for table in page.tables:
            names = [each.name for each in table.columns]
            rows += [HeldRow(table.name, table.about, dict(zip(names, row, strict=True))) for row in table.rows]
        left = page.left
    return tuple(rows)
