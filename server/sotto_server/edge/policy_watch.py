"""Acts when another policy comes into force, and says once when a date of it has passed (`PolicyReader.purposes_off` takes it away)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_server.domain.policy_world import day_of
from sotto_server.edge.logs import Event
from sotto_server.usecases.organisation import policy_held

if TYPE_CHECKING:
    from sotto_server.domain.documents import PolicyEntry
    from sotto_server.domain.policy_dates import Lapse
    from sotto_server.edge.relay import Relay
    from sotto_wire.ids import Digest, Millis

DATES_EVERY_MS: Final = 60_000
"""Dates have days; a minute is soon enough."""


class PolicyWatch:
    """Remembers what it has said, and which policy it has acted on."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._said: frozenset[Lapse] = frozenset()
        self._next_at = 0
        self._acted_on: Digest | None = None

    async def look(self, now: Millis) -> None:
        """At every turn of the chores; a store that fails raises its fault, and then it is looked again."""
        held = await self._relay.dispatch.read(policy_held, None, now)
        if held is not None and held.digest != self._acted_on:
            ended = await self._relay.dispatch.end_by_policy(now)
            if self._acted_on is not None or ended > 0:
                self._relay.journal.tell(Event.POLICY_CHANGED, count=ended)
            self._acted_on, self._next_at = held.digest, 0
        if now >= self._next_at:
            self._tell_lapses(held, now)
            self._next_at = now + DATES_EVERY_MS

    def _tell_lapses(self, held: PolicyEntry | None, now: Millis) -> None:
        lapses = frozenset() if held is None else frozenset(self._relay.policies.lapses(held.body, at=day_of(now)))
        for lapse in sorted(lapses - self._said, key=lambda each: each.path):
            self._relay.journal.tell(Event.POLICY_LAPSED, code=lapse.code, kind=lapse.path, count=len(lapse.purposes))
        self._said = lapses
