"""One shelf over one table of flat records: fields and columns stand in the same order. For everything that is not hot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Table
    from sqlalchemy.sql.elements import KeyedColumnElement

    from sotto_wire.ids import Millis

V = TypeVar("V", bound=Struct)


class Layout(Generic[V]):
    """A table, its record, and the statements both need; built once."""

    def __init__(self, table: Table, record: Callable[..., V]) -> None:
        self.table, self.record = table, record
        self.columns: Sequence[Column[object]] = list(table.columns)
        self.keys: Sequence[KeyedColumnElement[object]] = list(table.primary_key.columns)
        self.select = select(*self.columns)
        self.ordered = self.select.order_by(*self.keys)
        put = insert(table)
        changed = {each.name: put.excluded[each.name] for each in self.columns if not each.primary_key}
        self.add = put
        self.put = (
            put.on_conflict_do_update(index_elements=self.keys, set_=changed)
            if changed
            else put.on_conflict_do_nothing()
        )
        self.remove = delete(table)

    def is_key(self, key: Sequence[object]) -> list[ColumnElement[bool]]:
        return [column == value for column, value in zip(self.keys, key, strict=True)]

    def row(self, record: V) -> dict[str, object]:
        return dict(zip((each.name for each in self.columns), astuple(record), strict=True))

    def of(self, row: Sequence[object]) -> V:
        return self.record(*row)


class SqlShelf(Generic[V]):
    """A shelf within one transaction. `before_write` gives the use case its savepoint."""

    def __init__(self, connection: Connection, layout: Layout[V], *, before_write: Callable[[], None]) -> None:
        self._connection, self._layout, self._before_write = connection, layout, before_write

    def get(self, *key: object) -> V | None:
        row = self._connection.execute(self._layout.select.where(*self._layout.is_key(key))).first()
        return None if row is None else self._layout.of(row)

    def put(self, record: V) -> None:
        self._before_write()
        self._connection.execute(self._layout.put, self._layout.row(record))

    def add(self, record: V) -> None:
        self._before_write()
        self._connection.execute(self._layout.add, self._layout.row(record))

    def remove(self, *key: object) -> None:
        self._before_write()
        self._connection.execute(self._layout.remove.where(*self._layout.is_key(key)))

    def find(self, **equals: object) -> list[V]:
        wanted = [self._layout.table.c[field] == value for field, value in equals.items()]
        return [self._layout.of(row) for row in self._connection.execute(self._layout.ordered.where(*wanted))]

    def due(self, field: str, *, at: Millis, limit: int) -> list[V]:
        column = self._layout.table.c[field]
        asked = self._layout.select.where(column <= at).order_by(column).limit(limit)
        return [self._layout.of(row) for row in self._connection.execute(asked)]

    def newest(self) -> V | None:
        descending = [each.desc() for each in self._layout.keys]
        row = self._connection.execute(self._layout.select.order_by(*descending).limit(1)).first()
        return None if row is None else self._layout.of(row)
