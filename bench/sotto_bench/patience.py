"""How long to wait for what may be slow and may be stuck: as long as something still moves. Pure: the time is given."""

from __future__ import annotations


class Patience:
    """Over once nothing has moved for `still_s` seconds, however long everything takes.

    A fixed time would call a speaker stuck whom the relay's rate limit lets say 20 messages in 10 seconds and who has more to say.
    """

    def __init__(self, *, still_s: float) -> None:
        self._still_s = still_s
        self._moved = -1
        self._since_s = 0.0

    def is_over(self, moved: int, *, now_s: float) -> bool:
        """`moved` counts what has happened so far, and never falls."""
        if moved > self._moved:
            self._moved, self._since_s = moved, now_s
        return now_s - self._since_s >= self._still_s
