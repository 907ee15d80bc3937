"""Fetches, believes and keeps the trust documents of one organisation; looks again every ten minutes and when told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from sotto_keys.shared.trust_bundle import parse_bundle
from sotto_keys.shared.trust_chain import Freshness, TrustMemory, TrustState, judge_bundle
from sotto_keys.shared.untrusted import Malformed, Untrusted
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sotto_wire.ids import Digest, Millis

POLL_S: Final = 600.0
RECENT_MS: Final = 60 * 1000
"""A commit right after a look at the documents does not look again."""
RECORD: Final = "trust"


class Believed(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What a device keeps, so that nobody can show it an older world, and so that it can judge before the network answers."""

    bundle: bytes
    memory: TrustMemory

    def to_bytes(self) -> bytes:
        return msgspec.msgpack.encode(self)


def parse_believed(octets: bytes) -> Believed:
    """What `to_bytes` wrote, or `Malformed`."""
    try:
        return msgspec.msgpack.decode(octets, type=Believed)
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None


class TrustKeeper:
    """Belongs to one pinned root. `keep`, once it is set, saves a newer belief before anybody acts on it.

    `changed`, once it is set, hears of every newer belief and of every bundle that was not believed.
    """

    def __init__(self, pinned: Digest, *, fetch: Callable[[], Awaitable[bytes]], now: Callable[[], Millis]) -> None:
        self._pinned, self._fetch, self._now = pinned, fetch, now
        self.keep: Callable[[Believed], None] | None = None
        self.changed: Callable[[], None] | None = None
        self._memory: TrustMemory | None = None
        self._state: TrustState | None = None
        self._checked_at = 0
        self.believed: Believed | None = None
        self.distrusted: Untrusted | None = None
        """Why the newest bundle that was shown to us is not believed; what was believed before stays."""

    @property
    def state(self) -> TrustState:
        """What is believed now. Only asked after `remember` or `fetch`."""
        assert self._state is not None, "nothing is believed yet"
        return self._state

    def freshness(self) -> Freshness:
        """How far we may act on it now."""
        return self.state.freshness(self._now())

    def remember(self, believed: Believed) -> None:
        """Start from what this device kept. Raises `Untrusted` where it no longer holds."""
        if believed.memory.pinned == self._pinned:
            self._memory = believed.memory
            self.take(believed.bundle)
            self._checked_at = 0

    def take(self, bundle: bytes) -> None:
        """Believe these bytes, or raise `Untrusted` and keep what was believed before."""
        try:
            state = judge_bundle(self._pinned, parse_bundle(bundle), memory=self._memory)
        except Untrusted as error:
            self.distrusted = error
            self._tell()
            raise
        self.distrusted = None
        self._checked_at = self._now()
        is_news = self._state is None or self._state.memory != state.memory
        self._state, self._memory = state, state.memory
        if is_news:
            self.believed = Believed(bundle=bundle, memory=state.memory)
            if self.keep is not None:
                self.keep(self.believed)
            self._tell()

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()

    async def fetch(self) -> None:
        """Fetch and believe; raises `Unavailable` or `Untrusted`."""
        self.take(await self._fetch())

    async def refresh(self, *, force: bool = False) -> None:
        """Fetch when the last look is not recent. What fails leaves things as they are."""
        if not force and self._now() - self._checked_at < RECENT_MS:
            return
        try:
            await self.fetch()
        except (Refused, Untrusted):
            return

    async def poll(self) -> None:
        """Look every ten minutes, until cancelled."""
        while True:
            await self.refresh(force=True)
            await asyncio.sleep(POLL_S)
