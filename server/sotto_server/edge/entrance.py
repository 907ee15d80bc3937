"""Who may come in at all: so many connections a second, in all and from one address, and no more than there are files for.

T15: whoever is refused here is cut before a byte of theirs was read, so that refusing costs next to nothing. The system's
limit of open files is never reached: at it, accepting would fail for everybody and the database could not be opened.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sotto_server.domain.limits import Allowance
from sotto_wire.limits import (
    CONNECTIONS_AT_ONCE,
    CONNECTIONS_AT_ONCE_PER_ADDRESS,
    CONNECTIONS_PER_S,
    CONNECTIONS_PER_S_PER_ADDRESS,
    FILES_KEPT_FREE,
    FILES_WANTED,
)

if TYPE_CHECKING:
    from sotto_server.edge.addresses import Source

_EVERYBODY: Final = ""
TELL_EVERY_S: Final = 1.0
"""One line a second says how many were refused: a flood of connections must not become a flood of lines."""


class Turned(StrEnum):
    """Why somebody was turned away."""

    FULL = "full"
    PROCESS_RATE = "process_rate"
    ADDRESS_RATE = "address_rate"
    CROWD = "crowd"


def room_for_connections() -> int:
    """Raise this process's limit of open files as far as it needs and the system lets it; the connections that leaves room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    if files > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    files = max(files, soft)
    return max(files - FILES_KEPT_FREE, files // 2)


def _of_process() -> Allowance:
    return Allowance(per_s=CONNECTIONS_PER_S, at_once=CONNECTIONS_AT_ONCE)


def _of_addresses() -> Allowance:
    return Allowance(per_s=CONNECTIONS_PER_S_PER_ADDRESS, at_once=CONNECTIONS_AT_ONCE_PER_ADDRESS)


@dataclass(slots=True)
class Entrance:
    """Counts connections from accept to close."""

    most: int
    process: Allowance = field(default_factory=_of_process)
    addresses: Allowance = field(default_factory=_of_addresses)
    open: int = 0
    _refused: int = 0
    _told_at: float = float("-inf")

    def enter(self, source: Source, now_s: float) -> Turned | None:
        """Count one in, or say why not. Who is in calls `leave` once."""
        if self.open >= self.most:
            return Turned.FULL
        # The address first: what one of them wastes must not be taken from everybody.
        if not source.is_exempt and not self.addresses.take(source.bucket, now_s=now_s):
            return Turned.ADDRESS_RATE
        if not self.process.take(_EVERYBODY, now_s=now_s):
            return Turned.PROCESS_RATE
        self.open += 1
        return None

    def leave(self) -> None:
        """One connection has ended."""
        self.open -= 1

    def refused_since(self, now_s: float) -> int:
        """Count one refusal; how many there were since the last line, when it is time for one, else 0."""
        self._refused += 1
        if now_s < self._told_at + TELL_EVERY_S:
            return 0
        count, self._refused, self._told_at = self._refused, 0, now_s
        return count
