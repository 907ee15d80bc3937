"""One shelf over one dictionary of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from msgspec import Struct

if TYPE_CHECKING:
    from sotto_wire.ids import Millis

V = TypeVar("V", bound=Struct)
Key = tuple[object, ...]
Rows = dict[Key, Struct]


class Taken(Exception):  # noqa: N818 - what the database would call an integrity error
    """A key that exists was added again."""


class MemoryShelf(Generic[V]):
    """See `ports.Shelf`."""

    def __init__(self, rows: Rows, key: tuple[str, ...]) -> None:
        self._rows, self._key = rows, key

    def get(self, *key: object) -> V | None:
        return cast("V | None", self._rows.get(key))

    def put(self, record: V) -> None:
        self._rows[self._key_of(record)] = record

    def add(self, record: V) -> None:
        if self._key_of(record) in self._rows:
            raise Taken(type(record).__name__)
        self.put(record)

    def remove(self, *key: object) -> None:
        self._rows.pop(key, None)

    def find(self, **equals: object) -> list[V]:
        return [each for each in self._ordered() if all(getattr(each, name) == value for name, value in equals.items())]

    def due(self, field: str, *, at: Millis, limit: int) -> list[V]:
        due = [each for each in self._ordered() if getattr(each, field) <= at]
        return sorted(due, key=lambda each: int(getattr(each, field)))[:limit]

    def newest(self) -> V | None:
        ordered = self._ordered()
        return ordered[-1] if ordered else None

    def _key_of(self, record: V) -> Key:
        return tuple(getattr(record, name) for name in self._key)

    def _ordered(self) -> list[V]:
        # Keys of one table are of one kind, which the type of this dictionary cannot say.
        ordered = sorted(self._rows.items(), key=lambda item: cast("tuple[str, ...]", item[0]))
        return [cast("V", record) for _, record in ordered]
