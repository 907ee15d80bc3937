"""Notices of incidents about one conversation: shown when this device has verified them, and kept nowhere; the relay tells them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.incident import judge_incident
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.limits import CLOCK_SKEW_MS, CONVERSATION_LIFE_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.trust_keeper import TrustKeeper
    from sotto_keys.shared.incident import Incident
    from sotto_wire.ids import Millis


class Incidents:
    """What was believed is judged again at every look: a removed issuing key voids it, and its time ends."""

    def __init__(self, keeper: TrustKeeper, *, now: Callable[[], Millis]) -> None:
        self._keeper, self._now = keeper, now
        self._kept: dict[str, tuple[bytes, tuple[int, int]]] = {}

    @property
    def all(self) -> tuple[Incident, ...]:
        """Those in force, in the order of their coming."""
        found = (self._judged(notice, opened) for notice, opened in self._kept.values())
        return tuple(each for each in found if each is not None)

    async def take(self, notice: bytes, *, opened_at: int, has_gone_on: bool) -> None:
        """Believe a notice about a conversation opened then, as far as this device knows; `Untrusted` where it does not hold."""
        # The relay counts by its own clock. A device that lost its state only knows when the next group began.
        earliest = opened_at - (CONVERSATION_LIFE_MS if has_gone_on else CLOCK_SKEW_MS)
        opened = (earliest, opened_at + CLOCK_SKEW_MS)
        try:
            incident = judge_incident(notice, self._keeper.state, now=self._now(), opened=opened)
        except Untrusted:
            # Perhaps by an issuing key that this device has not heard of yet.
            await self._keeper.refresh(force=True)
            incident = judge_incident(notice, self._keeper.state, now=self._now(), opened=opened)
        before = self._judged(*self._kept[incident.incident]) if incident.incident in self._kept else None
        if before is None or before.issued_at <= incident.issued_at:
            self._kept[incident.incident] = (notice, opened)

    def _judged(self, notice: bytes, opened: tuple[int, int]) -> Incident | None:
        try:
            return judge_incident(notice, self._keeper.state, now=self._now(), opened=opened)
        except Untrusted:
            return None
