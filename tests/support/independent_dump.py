"""What lies in a relay's database about one conversation, read without any code of the relay: SQLite's own tables and keys."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Row = tuple[str, tuple[tuple[str, str], ...]]
SHOWN_BYTES = 64


def dumped(database: Path, conversation: bytes, *, customer: bytes) -> set[Row]:
    """Every row that points at the conversation, or in which its name or its customer's key stands."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        (key,) = connection.execute("SELECT key FROM conversation WHERE id = ?", (conversation,)).fetchone()
        return {row for table in tables for row in _rows(connection, table, key, {conversation, customer})}


def _rows(connection: sqlite3.Connection, table: str, key: int, names: set[bytes]) -> list[Row]:
    pointing = {row[3] for row in connection.execute(f'PRAGMA foreign_key_list("{table}")') if row[2] == "conversation"}
    cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the database's own names
    columns = [each[0] for each in cursor.description]
    found = []
    for values in cursor:
        row = dict(zip(columns, values, strict=True))
        if any(row[each] == key for each in pointing) or any(value in names for value in values):
            found.append((table, tuple((name, _text(value)) for name, value in row.items())))
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, bytes):
        return str(value)
    return value.hex() if len(value) <= SHOWN_BYTES else f"sha256:{sha256(value).hexdigest()}, {len(value)} bytes"
