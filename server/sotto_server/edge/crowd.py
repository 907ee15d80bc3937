"""How many connections nobody has vouched for yet: in all, and from one address."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sotto_wire.limits import SOCKETS_BEFORE_SIGN_IN, SOCKETS_BEFORE_SIGN_IN_PER_ADDRESS

if TYPE_CHECKING:
    from sotto_server.edge.addresses import Source


@dataclass(slots=True)
class Crowd:
    """Counts the unproven: connections without a complete request, and sockets before `hello`."""

    most: int = SOCKETS_BEFORE_SIGN_IN
    most_per_address: int = SOCKETS_BEFORE_SIGN_IN_PER_ADDRESS
    _total: int = 0
    _by_address: Counter[str] = field(default_factory=Counter)

    def enter(self, source: Source) -> bool:
        """Count one more, or answer that there is no room. Who entered must `leave`, once."""
        if self._total >= self.most:
            return False
        if not source.is_exempt and self._by_address[source.bucket] >= self.most_per_address:
            return False
        self._total += 1
        self._by_address[source.bucket] += 1
        return True

    def leave(self, source: Source) -> None:
        """One less: proven, or gone."""
        self._total -= 1
        self._by_address[source.bucket] -= 1
        if not self._by_address[source.bucket]:
            del self._by_address[source.bucket]

    @property
    def total(self) -> int:
        """All of them now."""
        return self._total
