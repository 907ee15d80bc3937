"""Whose devices have a live socket at this relay, and telling those whom it concerns. A fact of sockets: kept in memory alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from sotto_server.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sotto_server.domain.rings import Rings
    from sotto_server.domain.speaker import Speaker
    from sotto_wire.ids import DeviceKey


class LivePresence:
    """See `ports.Presence`. Changed on the loop's thread, asked from any: each look is one dictionary operation."""

    def __init__(self) -> None:
        self._sockets: Counter[DeviceKey] = Counter()
        self._agents: dict[DeviceKey, None] = {}

    def is_here(self, device: DeviceKey) -> bool:
        return device in self._sockets

    def agents(self) -> tuple[DeviceKey, ...]:
        return tuple(self._agents)

    def arrive(self, speaker: Speaker) -> None:
        """One more socket of this device: while one takes over from another there are two."""
        self._sockets[speaker.device] += 1
        if speaker.role == "agent":
            self._agents[speaker.device] = None

    def leave(self, device: DeviceKey) -> None:
        """One less."""
        self._sockets[device] -= 1
        if not self._sockets[device]:
            del self._sockets[device]
            self._agents.pop(device, None)


class Comings:
    """Rings those who care when somebody comes, and a little later when somebody went and is not back."""

    def __init__(
        self,
        presence: LivePresence,
        *,
        who_looks: Callable[[Speaker], Awaitable[Rings]],
        ring: Callable[[Rings], None],
        gone_after_ms: int,
    ) -> None:
        self._presence, self._who_looks, self._ring, self._gone_after_ms = presence, who_looks, ring, gone_after_ms
        self._tasks: set[asyncio.Task[None]] = set()

    def came(self, speaker: Speaker) -> None:
        """It said hello."""
        was_here = self._presence.is_here(speaker.device)
        self._presence.arrive(speaker)
        if not was_here:
            self._spawn(speaker, after_s=0)

    def went(self, speaker: Speaker) -> None:
        """Its socket is gone."""
        self._presence.leave(speaker.device)
        if not self._presence.is_here(speaker.device):
            self._spawn(speaker, after_s=self._gone_after_ms / 1000)

    def stop(self) -> None:
        """Nobody is told any more."""
        for each in self._tasks:
            each.cancel()

    def _spawn(self, speaker: Speaker, *, after_s: float) -> None:
        task = asyncio.get_running_loop().create_task(self._tell(speaker, after_s=after_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, speaker: Speaker, *, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if after_s and self._presence.is_here(speaker.device):
            return
        try:
            self._ring(await self._who_looks(speaker))
        except Fault:
            return  # everybody looks again by the slow timer
