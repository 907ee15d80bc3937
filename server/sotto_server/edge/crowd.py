"""How many connections nobody has vouched for yet: in all, and from one address."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sotto_wire.limits import SOCKETS_BEFORE_SIGN_IN, SOCKETS_BEFORE_SIGN_IN_PER_ADDRESS

if TYPE_CHECKING:
    from sotto_server.edge.addresses import Source


class Place:
    """One connection's place in the crowd. It is given back once, however often `leave` is called."""

    __slots__ = ("_crowd", "_source")

    def __init__(self, crowd: Crowd, source: Source) -> None:
        self._crowd: Crowd | None = crowd
        self._source = source

    def leave(self) -> None:
        """Proven, or gone."""
        if self._crowd is not None:
            self._crowd.remove(self._source)
            self._crowd = None


@dataclass(slots=True)
class Crowd:
    """Counts the unproven: connections without a complete request, and sockets before `hello`."""

    most: int = SOCKETS_BEFORE_SIGN_IN
    most_per_address: int = SOCKETS_BEFORE_SIGN_IN_PER_ADDRESS
    _total: int = 0
    _by_address: Counter[str] = field(default_factory=Counter)

    def enter(self, source: Source) -> Place | None:
        """A place, or none when there is no room."""
        if self._total >= self.most:
            return None
        if not source.is_exempt and self._by_address[source.bucket] >= self.most_per_address:
            return None
        self._total += 1
        self._by_address[source.bucket] += 1
        return Place(self, source)

    def remove(self, source: Source) -> None:
        """One less from there; `Place.leave` calls it."""
        self._total -= 1
        self._by_address[source.bucket] -= 1
        if not self._by_address[source.bucket]:
            del self._by_address[source.bucket]

    @property
    def total(self) -> int:
        """All of them now."""
        return self._total
