"""A relay's parts, hurt on purpose: a store that dies or fails at a named point, a clock that somebody else sets."""

from __future__ import annotations

import mmap
import os
import signal
import struct
import threading
from typing import TYPE_CHECKING, Literal, TypeVar

from msgspec import Struct
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from sotto_server.adapters.clock import SystemClock
from sotto_server.faults import StoreFault
from sotto_server.usecases.follow import follow
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sotto_server.ports import Job, Outcome, Store, UseCase

C = TypeVar("C")
R = TypeVar("R")

Point = Literal["before", "statement", "commit", "after", "follow"]
"""Before a batch, at a statement of its flush, at its COMMIT, after the commit and before anybody is answered.

Or at the query by which an end asks to hear a conversation.
"""
_OFFSET = struct.Struct("<q")


class Wound(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens at the `nth` time the relay comes to `at`."""

    at: Point
    nth: int
    deed: Literal["die", "fail"]


class SetClock:
    """The system's clock plus an offset that another process writes into a file of eight bytes."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self._offset = mmap.mmap(opened.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)
        self._system = SystemClock()

    def now(self) -> Millis:
        (offset,) = _OFFSET.unpack(self._offset[: _OFFSET.size])
        return Millis(self._system.now() + offset)


def set_clock(file: Path, offset_ms: int) -> None:
    """From now on every `SetClock` on this file is so far ahead."""
    if not file.exists():
        file.write_bytes(_OFFSET.pack(0))
    with file.open("r+b") as opened:
        opened.write(_OFFSET.pack(offset_ms))


class WoundedStore:
    """See `ports.Store`. Everything is the real store's, until the wound opens."""

    def __init__(self, store: Store, wound: Wound) -> None:
        self._store, self._wound = store, wound
        self._left = wound.nth
        self._writer: int | None = None
        if wound.at == "statement":
            event.listen(Engine, "before_cursor_execute", self._at_statement)
        elif wound.at == "commit":
            event.listen(Engine, "commit", self._at_commit)

    @property
    def is_writable(self) -> bool:
        return self._store.is_writable

    def run(self, batch: Sequence[Job]) -> list[Outcome]:
        self._come_to("before")
        self._writer = threading.get_ident()
        try:
            outcomes = self._store.run(batch)
        finally:
            self._writer = None
        self._come_to("after")
        return outcomes

    def commit(self, use_case: UseCase[C, R], command: C, now: Millis) -> R:
        return self._store.commit(use_case, command, now)

    def read(self, query: UseCase[C, R], command: C, now: Millis) -> R:
        if query is follow:
            self._come_to("follow")
        return self._store.read(query, command, now)

    def others_wrote(self) -> bool:
        return self._store.others_wrote()

    def close(self) -> None:
        self._store.close()

    def _at_statement(self, *_: object) -> None:
        if self._writer == threading.get_ident():  # readers end their transactions too
            self._come_to("statement")

    def _at_commit(self, *_: object) -> None:
        if self._writer == threading.get_ident():
            self._come_to("commit")

    def _come_to(self, point: Point) -> None:
        if point != self._wound.at or self._left == 0:
            return
        self._left -= 1
        if self._left:
            return
        if self._wound.deed == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if point in {"statement", "commit"}:
            raise OperationalError("COMMIT", {}, OSError("disk I/O error"))
        # After the commit: an fsync that failed although everything reached the disk. At a query: the disk could not be read.
        raise StoreFault("disk I/O error")
