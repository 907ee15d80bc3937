"""All sockets of this process: who hears a bell, who is cut, who is closed at the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from sotto_wire.codes import Close

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sotto_server.domain.rings import Rings
    from sotto_wire.ids import DeviceKey

GOING_AWAY: Final = 1001


class Ear(Protocol):
    """A socket as its line knows it."""

    def hear(self, rings: Rings) -> None:
        """A bell that may concern it."""

    def let_go(self, code: int) -> None:
        """Close it with this code; safe to repeat."""

    async def see_off(self, code: int) -> None:
        """Answer what it has asked, then close it with this code."""


class Lines:
    """One socket a device: the newer one takes over (4409), for one device has one live tab."""

    def __init__(self) -> None:
        self._open: set[Ear] = set()
        self._ears: dict[DeviceKey, Ear] = {}

    def enter(self, ear: Ear) -> None:
        """A socket is open, and nobody has said who speaks on it."""
        self._open.add(ear)

    def exit(self, ear: Ear) -> None:
        """It is gone."""
        self._open.discard(ear)

    def join(self, device: DeviceKey, ear: Ear) -> None:
        """`ear` speaks for `device` from now on."""
        before = self._ears.get(device)
        self._ears[device] = ear
        if before is not None:
            before.let_go(Close.TAKEN_OVER)

    def leave(self, device: DeviceKey, ear: Ear) -> None:
        """Forget it, unless another socket has taken over already."""
        if self._ears.get(device) is ear:
            del self._ears[device]

    def ring(self, rings: Rings) -> None:
        """Pass a bell on: to the devices it names, to everybody where it names a desk, trust or a notice."""
        for device in rings.cut & self._ears.keys():
            self._ears[device].let_go(Close.REVOKED)
        for ear in list(self._concerned(rings)):
            ear.hear(rings)

    def _concerned(self, rings: Rings) -> Iterable[Ear]:
        if rings.trust or rings.desks or rings.incidents:
            return self._ears.values()
        named = (rings.conversations.keys() | rings.devices) & self._ears.keys()
        return (self._ears[device] for device in named)

    def speaking(self) -> frozenset[DeviceKey]:
        """Devices with a socket here."""
        return frozenset(self._ears)

    async def close_all(self) -> None:
        """The relay stops (1001): clients connect again, to this one or another. What they have asked is answered first."""
        await asyncio.gather(*(ear.see_off(GOING_AWAY) for ear in list(self._open)))

    def __len__(self) -> int:
        return len(self._open)
