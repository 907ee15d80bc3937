"""Says once, when it happens, that a date of the policy has passed. What that takes away is `PolicyReader.purposes_off`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_server.domain.policy_world import day_of
from sotto_server.edge.logs import Event
from sotto_server.usecases.organisation import policy_held

if TYPE_CHECKING:
    from sotto_server.domain.policy_dates import Lapse
    from sotto_server.edge.relay import Relay
    from sotto_wire.ids import Millis

LOOK_EVERY_MS: Final = 60_000
"""Dates have days; a minute is soon enough, also after a new policy was published."""


class PolicyWatch:
    """Remembers what it has said."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._said: frozenset[Lapse] = frozenset()
        self._next_at = 0

    async def look(self, now: Millis) -> None:
        """Once a minute at most; a store that fails raises its fault."""
        if now < self._next_at:
            return
        held = await self._relay.dispatch.read(policy_held, None, now)
        lapses = frozenset() if held is None else frozenset(self._relay.policies.lapses(held.body, at=day_of(now)))
        for lapse in sorted(lapses - self._said, key=lambda each: each.path):
            self._relay.journal.tell(Event.POLICY_LAPSED, code=lapse.code, kind=lapse.path, count=len(lapse.purposes))
        self._said = lapses
        self._next_at = now + LOOK_EVERY_MS
