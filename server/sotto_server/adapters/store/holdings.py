"""Every row of one conversation, found by the schema itself: a table that is added later is shown without anybody's thinking of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from sotto_server.adapters.store import schema
from sotto_server.domain.holdings import HeldTable, Holdings

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

    from sotto_server.domain.conversation import Conversation

BY_NAME: Final = schema.ledger
"""Evidence outlives the conversation's own row, so it names it instead of pointing at it."""


def holdings(connection: Connection, conversation: Conversation, *, after: int, limit: int) -> Holdings:
    """Up to `limit` rows behind the first `after`, in the order of the tables' names and keys."""
    found: list[HeldTable] = []
    total = 0
    room = limit
    for table in sorted(schema.metadata.tables.values(), key=lambda each: each.name):
        is_about = _about(table, conversation)
        if is_about is None:
            continue
        count = int(connection.execute(select(func.count()).select_from(table).where(is_about)).scalar_one())
        skipped = max(0, after - total)
        total += count
        if skipped >= count or room == 0:
            continue
        asked = select(table).where(is_about).order_by(*table.primary_key.columns).offset(skipped).limit(room)
        rows = tuple(tuple(row) for row in connection.execute(asked))
        room -= len(rows)
        # SQLAlchemy's names are a kind of text of their own.
        columns = tuple((str(each.name), each.comment or "") for each in table.columns)
        found.append(HeldTable(str(table.name), table.comment or "", columns, rows))
    return Holdings(tuple(found), total)


def _about(table: Table, conversation: Conversation) -> ColumnElement[bool] | None:
    """Which rows of the table are this conversation's; none where it has no such rows."""
    if table is schema.conversation:
        return schema.conversation.c.key == conversation.key
    column = table.columns.get("conversation")
    if column is None:
        return None
    return column == (conversation.id if table is BY_NAME else conversation.key)
