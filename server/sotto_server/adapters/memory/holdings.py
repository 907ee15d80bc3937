"""The rows of one conversation in a store of dictionaries: records are their own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import astuple

from sotto_server.domain.holdings import HeldTable, Holdings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msgspec import Struct


def holdings(records: Mapping[str, Sequence[Struct]], *, after: int, limit: int) -> Holdings:
    """As the real store's, with the names of fields for those of columns."""
    total = sum(len(each) for each in records.values())
    found = []
    place = 0
    for name in sorted(records):
        rows = records[name]
        first, last = max(0, after - place), max(0, after + limit - place)
        place += len(rows)
        if rows[first:last]:
            columns = tuple((each, "") for each in rows[0].__struct_fields__)
            found.append(HeldTable(name, "", columns, tuple(astuple(each) for each in rows[first:last])))
    return Holdings(tuple(found), total)
