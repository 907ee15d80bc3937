"""Three ways to slow somebody down: so many in a window, so many a second, and a growing pause after each failure. State in, answer out."""

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
        # T62: what was taken in the future was taken before the clock was set back, and holds nobody up until then.
        while taken and not now - self._length_ms < taken[0] <= now:
            taken.popleft()
        if len(taken) >= self._count:
            raise TooFast(retry_after_ms=taken[0] + self._length_ms - now)
        taken.append(now)
        if len(self._taken) > NAMES_AT_MOST:
            self._taken.popitem(last=False)


class Allowance:
    """`per_s` a second on average and `at_once` in a row, per name: two numbers a name, for what comes too often to be listed."""

    def __init__(self, *, per_s: float, at_once: int) -> None:
        self._per_s, self._at_once = per_s, at_once
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, *, now_s: float) -> bool:
        """Count one where there is room; whether there was."""
        left, at = self._left.pop(name, (float(self._at_once), now_s))
        left = min(self._at_once, left + (now_s - at) * self._per_s)
        is_taken = left >= 1
        self._left[name] = (left - 1 if is_taken else left, now_s)
        if len(self._left) > NAMES_AT_MOST:
            self._left.popitem(last=False)
        return is_taken


class Pauses:
    """After the n-th failure in a row a name waits 2^(n-1) seconds, at most a quarter of an hour.

    A try counts as failed from its beginning until it has succeeded: many at once must not all pass before the first fails.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, Millis]] = OrderedDict()

    def check(self, name: str, *, now: Millis) -> None:
        """`TooFast` while the name must wait."""
        failures, at = self._failures.get(name, (0, now))
        until = min(at, now) + _pause_ms(failures)
        if now < until:
            raise TooFast(retry_after_ms=until - now)

    def begin(self, name: str, *, now: Millis) -> None:
        """One more try, to be followed by `succeeded` where it does."""
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
