"""The relay's wall clock. Everything that decides gets its `now` as an argument."""

from __future__ import annotations

import time

from sotto_wire.ids import Millis


class SystemClock:
    """Unix time of this host."""

    def now(self) -> Millis:
        """Whole milliseconds."""
        return Millis(time.time_ns() // 1_000_000)
