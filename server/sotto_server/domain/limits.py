"""Two ways to slow somebody down: so many in a window, and a growing pause after each failure. State in, answer out."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

from sotto_wire.refusals import TooFast

if TYPE_CHECKING:
    from sotto_wire.ids import Millis

NAMES_AT_MOST: Final = 10_000
"""Names remembered; the oldest is forgotten first, so that made-up names cost no memory."""
FIRST_PAUSE_MS: Final = 1_000
LONGEST_PAUSE_MS: Final = 15 * 60 * 1000
"""No hard lock: it would let anybody lock anybody out."""


class Window:
    """At most `count` within `length_ms`, per name."""

    def __init__(self, *, count: int, length_ms: int) -> None:
        self._count, self._length_ms = count, length_ms
        self._taken: OrderedDict[str, deque[Millis]] = OrderedDict()

    def take(self, name: str, *, now: Millis) -> None:
        """Count one; `TooFast` says when the next would be taken."""
        taken = self._taken.setdefault(name, deque())
        self._taken.move_to_end(name)
        while taken and taken[0] <= now - self._length_ms:
            taken.popleft()
        if len(taken) >= self._count:
            raise TooFast(retry_after_ms=taken[0] + self._length_ms - now)
        taken.append(now)
        if len(self._taken) > NAMES_AT_MOST:
            self._taken.popitem(last=False)


class Pauses:
    """After the n-th failure in a row a name waits 2^(n-1) seconds, at most a quarter of an hour."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, Millis]] = OrderedDict()

    def check(self, name: str, *, now: Millis) -> None:
        """`TooFast` while the name must wait."""
        failures, at = self._failures.get(name, (0, now))
        until = at + _pause_ms(failures)
        if now < until:
            raise TooFast(retry_after_ms=until - now)

    def failed(self, name: str, *, now: Millis) -> None:
        failures, _ = self._failures.get(name, (0, now))
        self._failures[name] = (failures + 1, now)
        self._failures.move_to_end(name)
        if len(self._failures) > NAMES_AT_MOST:
            self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        self._failures.pop(name, None)


def _pause_ms(failures: int) -> int:
    if failures == 0:
        return 0
    # Capped before shifting: a million failures are not a number of a million bits.
    return min(FIRST_PAUSE_MS << min(failures - 1, 20), LONGEST_PAUSE_MS)
