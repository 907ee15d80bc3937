"""Bells of one process. With several relays Redis rings between them; this one still rings the sockets here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_server.domain.rings import Rings


class LocalBells:
    """See `ports.Bells`."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Rings], None]] = []

    def ring(self, rings: Rings) -> None:
        for each in list(self._listeners):
            each(rings)

    def listen(self, listener: Callable[[Rings], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
