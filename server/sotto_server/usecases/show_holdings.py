"""A customer asks what the relay holds about their conversation: every row and every field, as it lies there (Art. 15(1) GDPR)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_server.domain.holdings import shown
from sotto_server.usecases.finding import conversation_of
from sotto_wire.frames import HeldColumn, HeldTable, Holdings, ShowHoldings
from sotto_wire.limits import HOLDINGS_ROWS
from sotto_wire.refusals import NotFound

if TYPE_CHECKING:
    from sotto_server.domain.holdings import HeldTable as Table
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def show_holdings(unit: Unit, asked: Asked[ShowHoldings], /, *, now: Millis) -> Holdings:  # noqa: ARG001 - the shape of a query
    """A query. The proof is the customer key that said hello; for anybody else there is no such conversation (`NotFound`)."""
    frame, by = asked.frame, asked.by
    conversation = conversation_of(unit, frame.conversation)
    if by.device != conversation.customer:
        raise NotFound("only the customer")
    held = unit.held(conversation, after=frame.after, limit=HOLDINGS_ROWS)
    rows = sum(len(each.rows) for each in held.tables)
    left = max(0, held.total - frame.after - rows)
    return Holdings(ref=frame.ref, tables=[_told(each) for each in held.tables], left=left)


def _told(table: Table) -> HeldTable:
    return HeldTable(
        name=table.name,
        about=table.about,
        columns=[HeldColumn(name=name, about=about) for name, about in table.columns],
        rows=[[shown(value) for value in row] for row in table.rows],
    )
