"""Whether the wall clock has gone like a steady one. What time alone would end waits after a jump (T62)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_wire.limits import CLOCK_SKEW_MS, IDLE_CLOSE_MS

if TYPE_CHECKING:
    from sotto_wire.ids import Millis

PAUSE_MS: Final = IDLE_CLOSE_MS
"""As long as silence that ends a conversation: by then who is there has shown it under the new time."""


class Steadiness:
    """Compares two clocks, look by look. A jump is more than clocks may be apart anyway."""

    def __init__(self) -> None:
        self._apart_ms: int | None = None
        self._ends_again_ms = 0

    def jumped(self, wall: Millis, steady_ms: int) -> bool:
        """Whether the wall clock was set, or this machine slept, since the last look; `steady_ms` counts from anywhere."""
        apart, before = wall - steady_ms, self._apart_ms
        self._apart_ms = apart
        if before is None or abs(apart - before) <= CLOCK_SKEW_MS:
            return False
        self._ends_again_ms = steady_ms + PAUSE_MS
        return True

    def may_end(self, steady_ms: int) -> bool:
        """Whether anything may end by time now."""
        return steady_ms >= self._ends_again_ms
