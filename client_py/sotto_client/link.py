"""A connection that comes back: hello, reconnecting with jitter, and the end for good. What frames mean is its listener's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from sotto_client.connection import Connection, LinkLost
from sotto_client.world import AGAIN, RETRY_MS
from sotto_wire.codes import Close, Code
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.session import Identity
    from sotto_wire.frames import Frame, FromRelay, Welcomed

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
RESTART_SPREAD_S: Final = 4.0
"""A relay that restarts lets everybody go at once; at 760 hellos a second (measured) this admits 3,000 before its accept budget must."""
GOING_AWAY: Final = 1001
FINAL_CODES: Final = frozenset({Code.BAD_FRAME, Code.WRONG_PHASE, Code.NOT_SIGNED_IN, Code.UNTRUSTED})
"""Refusals of `hello` that would only be repeated."""
FINAL_CLOSES: Final = frozenset(
    {Close.BAD_FRAME, Close.NOT_SIGNED_IN, Close.REVOKED, Close.UNTRUSTED, Close.TAKEN_OVER}
)


class Ended(LinkLost):
    """The relay closed for good: `close_code` says why (docs/protocol.md 4.3)."""


class Listener(Protocol):
    """Who is told. One call at a time, in the relay's order."""

    async def identify(self) -> Identity:
        """Who says hello on the next socket."""
        ...

    async def welcomed(self, frame: Welcomed) -> None:
        """The socket is open and `hello` was accepted."""
        ...

    async def frame(self, frame: FromRelay) -> None:
        """A frame that answers no request."""
        ...

    async def refused(self, refusal: Refused) -> bool:
        """`hello` was refused, or the relay closed, for good. True: try once more, for something changed."""
        ...


class Link:
    """The line between this device and its relay."""

    def __init__(self, url: str, listener: Listener, *, entropy: Callable[[int], bytes]) -> None:
        self._url, self._listener, self._entropy = url, listener, entropy
        self._connection: Connection | None = None
        self._closed_with: int | None = None

    @property
    def is_online(self) -> bool:
        """Whether requests can be made now."""
        return self._connection is not None

    async def run(self) -> None:
        """Until cancelled; raises the refusal that ended it for good."""
        failures = 0
        while True:
            try:
                failures = 0 if await self._once() else failures + 1
            except Refused as refusal:
                if not await self._listener.refused(refusal):
                    raise
            await asyncio.sleep(wait_s(failures, self._entropy(4), code=self._closed_with))

    async def ask(self, request: Callable[[int], Frame]) -> FromRelay:
        """The answer to the frame that `request` makes of a new ref; raises the relay's refusal, or `LinkLost`."""
        if self._connection is None:
            raise LinkLost("offline")
        return await self._connection.ask(request)

    async def insist(self, request: Callable[[int], Frame]) -> FromRelay:
        """As `ask`, but a refusal that passes by itself is waited out: without this answer the line would stay open and deaf."""
        while True:
            try:
                return await self.ask(request)
            except LinkLost:
                raise  # nothing of it passes on this line: the next one asks again
            except Refused as refused:
                if refused.code not in AGAIN:
                    raise
                await asyncio.sleep((refused.retry_after_ms or RETRY_MS) / 1000)

    async def tell(self, frame: Frame) -> None:
        """A frame without an answer; dropped when offline."""
        if self._connection is not None:
            try:
                await self._connection.tell(frame)
            except LinkLost:
                return

    async def renew(self) -> None:
        """Let the line come back under whoever `identify` names now."""
        if self._connection is not None:
            await self._connection.hang_up()

    async def _once(self) -> bool:
        """One socket from beginning to end; whether it was ever open. Raises what is final."""
        try:
            connection = await Connection.open(self._url, await self._listener.identify())
        except LinkLost as lost:
            _raise_if_final(lost.close_code)
            return False
        except Refused as refusal:
            if refusal.code in FINAL_CODES:
                raise
            return False
        self._connection, self._closed_with = connection, None
        try:
            await self._listener.welcomed(connection.welcomed)
            while (frame := await connection.next_pushed()) is not None:
                await self._listener.frame(frame)
        except LinkLost:
            pass
        finally:
            self._connection = None
            await connection.close()
        self._closed_with = connection.close_code
        _raise_if_final(connection.close_code)
        return True


def _raise_if_final(close_code: int | None) -> None:
    if close_code in FINAL_CLOSES:
        raise Ended(f"closed with {close_code}", close_code=close_code)


def wait_s(failures: int, random: bytes, *, code: int | None) -> float:
    """Seconds. Doubles up to the longest; the upper half is random.

    The first after a relay has said that it goes away (`code` 1001) is random over a wider span.
    """
    full = min(LONGEST_WAIT_S, FIRST_WAIT_S * (1 << min(failures, 10)))
    widest = RESTART_SPREAD_S if code == GOING_AWAY and failures == 0 else full
    return full / 2 + (widest - full / 2) * int.from_bytes(random, "big") / float(1 << (8 * len(random)))
