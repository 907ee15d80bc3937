"""Is a database file the one that it was? Looked at before SQLite opens it, for opening already writes. Repairing is nobody's job here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from sotto_server.faults import StoreFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# https://www.sqlite.org/fileformat.html: the database header (1.3), the write-ahead log (4.1)
_HEADER: Final = 100
_IDENTITY: Final = slice(68, 72)
_WAL_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_PAGE_SIZE: Final = slice(8, 12)
_SALTS: Final = slice(16, 24)
_FRAME_SALTS: Final = slice(8, 16)
_PAGE_NUMBER: Final = slice(0, 4)
_UNNAMED: Final = bytes(4)
FIRST_PAGE: Final = 1
ADVICE: Final = (
    "Nothing was changed. Put back a copy of the whole data directory, or move the database and its -wal and -shm"
    " aside together (docs/operations.md)"
)


def check_log_belongs(file: Path) -> None:
    """`StoreFault` where the write-ahead log beside `file` is another database's: SQLite would take its pages for ours."""
    ours = _head_of(file)[_IDENTITY]
    if ours in {b"", _UNNAMED}:  # never named: its first log holds everything it is
        return
    if any(each != ours for each in _identities_in_log(file.with_name(f"{file.name}-wal"))):
        raise StoreFault(f"{file.name}-wal is the log of another database. {ADVICE}")


def check_before_start(file: Path) -> None:
    """`StoreFault` where the database is empty, damaged or with another's log: a relay must not begin again as if nothing had been."""
    check_log_belongs(file)
    if len(_head_of(file)) < _HEADER:
        raise StoreFault(f"{file.name} is empty. {ADVICE}")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            ((said,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
            named = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    except sqlite3.DatabaseError as error:
        raise StoreFault(f"{file.name} is damaged ({error}). {ADVICE}") from None
    if said != "ok":
        raise StoreFault(f"{file.name} is damaged. {ADVICE}")
    if named is None:
        raise StoreFault(f"{file.name} holds no tables. {ADVICE}")


def _head_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_HEADER)


def _identities_in_log(log: Path) -> Iterator[bytes]:
    """The identity in every first page that the log holds, for frames of its present generation."""
    if not log.exists():
        return
    with log.open("rb") as opened:
        header = opened.read(_WAL_HEADER)
        page_bytes = int.from_bytes(header[_PAGE_SIZE], "big")
        while len(frame := opened.read(_FRAME_HEADER)) == _FRAME_HEADER and frame[_FRAME_SALTS] == header[_SALTS]:
            if int.from_bytes(frame[_PAGE_NUMBER], "big") == FIRST_PAGE:
                page = opened.read(page_bytes)
                if len(page) == page_bytes:
                    yield page[_IDENTITY]
            else:
                opened.seek(page_bytes, 1)
