"""What the relay says it holds of this conversation: its rows, page after page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_wire.frames import Holdings, ShowHoldings
from sotto_wire.refusals import BadFrame

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
    """All of them. What changes meanwhile may be missing or there twice. Raises the relay's refusal, `LinkLost`, or `BadFrame`."""
    rows: list[HeldRow] = []
    left = 1
    while left > 0:
        page = await link.insist(
            lambda ref: ShowHoldings(ref=ref, conversation=conversation, after=len(rows))  # noqa: B023 - asked at once
        )
        assert isinstance(page, Holdings), "the relay answers so"
        before = len(rows)
        for table in page.tables:
            names = [each.name for each in table.columns]
            if any(len(row) != len(names) for row in table.rows):
                raise BadFrame("a row of another length than its columns")
            rows += [HeldRow(table.name, table.about, dict(zip(names, row, strict=True))) for row in table.rows]
        left = page.left
        if left > 0 and len(rows) == before:
            raise BadFrame("more, and nothing of it")
    return tuple(rows)
