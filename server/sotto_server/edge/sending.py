"""The writing half of a socket: what the session has to say leaves once a loop turn, as long as the peer reads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sotto_server.edge.outbox import Outbox, TooSlow
from sotto_wire.codes import Close

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_server.edge.front import Door


class Sending:
    """Pulls from `outgoing` and writes to the door. A peer that reads nothing for `stalled_ms` is let go (4408)."""

    def __init__(
        self,
        door: Door,
        outgoing: Callable[[], list[bytes]],
        *,
        stalled_ms: int,
        too_slow: Callable[[], None],
    ) -> None:
        self._door, self._outgoing, self._too_slow = door, outgoing, too_slow
        self._stalled_s = stalled_ms / 1000
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(door)
        self._is_due = False
        self._stall: asyncio.TimerHandle | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        door.on_writable = self._on_writable

    def soon(self) -> None:
        """Write at the end of this loop turn, together with whatever else comes until then."""
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self.now)

    def now(self) -> None:
        """Write what there is."""
        self._is_due = False
        if self._door.transport is None:
            return
        try:
            self._outbox.put(self._outgoing())
        except TooSlow:
            self._let_go()
            return
        self._outbox.flush()
        if self._outbox.is_stuck and self._stall is None:
            self._stall = self._loop.call_later(self._stalled_s, self._let_go)
        if self._door.writing_paused:
            self._writable.clear()

    async def until_writable(self) -> None:
        """Wait until the peer has read what it got. A slow reader costs this wait, not memory."""
        await self._writable.wait()

    def stop(self) -> None:
        """Nothing more is written; who waits is woken."""
        self._door.on_writable = None
        self._writable.set()
        if self._stall is not None:
            self._stall.cancel()

    def _on_writable(self) -> None:
        self._outbox.flush()
        if not self._outbox.is_stuck and self._stall is not None:
            self._stall.cancel()
            self._stall = None
        if not self._door.writing_paused:
            self._writable.set()

    def _let_go(self) -> None:
        self._too_slow()
        self._door.end(Close.TOO_SLOW)
