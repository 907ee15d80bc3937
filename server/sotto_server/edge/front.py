"""The front door: one TCP connection from accept to close. Deadlines, crowd limit, framing guard; no rule of the protocol.

aiohttp has three gaps that this closes without touching its internals: a silent connection stays open for an hour, an
unmasked client frame is read like any other, and an error page repeats what the library thought. `RequestHandler` is
its public protocol class; `set_parser` is where it hands the WebSocket's bytes over, so that is where the guard sits.
`tests/edge/test_front_guard.py` pins each with raw sockets, so that an upgrade which moves the seam fails there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from aiohttp import web

from sotto_server.edge.addresses import source_of_peer
from sotto_server.edge.answers import library_error
from sotto_server.edge.entrance import Turned
from sotto_server.edge.framing import FrameGuard, WireViolation, close_frame
from sotto_server.edge.logs import Event
from sotto_wire.limits import FRAME_BYTES_BEFORE_SIGN_IN, REQUEST_WITHIN_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.http import WebSocketReader

    from sotto_server.config import Network
    from sotto_server.edge.addresses import Source
    from sotto_server.edge.crowd import Crowd, Place
    from sotto_server.edge.entrance import Entrance
    from sotto_server.edge.headers import Headers
    from sotto_server.edge.logs import Journal

LINGER_MS: Final = 1_000
_WRITE_HIGH_BYTES: Final = 64 * 1024
_BACKLOG: Final = 1024


@dataclass(frozen=True, slots=True)
class FrontRules:
    """What every connection of one relay shares."""

    crowd: Crowd
    journal: Journal
    headers: Headers
    entrance: Entrance
    trusted_proxies: tuple[Network, ...] = ()
    request_within_ms: int = REQUEST_WITHIN_MS
    linger_ms: int = LINGER_MS
    """After a close frame of ours: time for the peer to read it before the connection is cut."""


class _GuardedReader:
    """Stands between the socket and aiohttp's WebSocket reader: what the guard refuses never reaches the reader."""

    def __init__(self, reader: WebSocketReader, *, guard: FrameGuard, refuse: Callable[[WireViolation], None]) -> None:
        self._reader = reader
        self._guard = guard
        self._refuse = refuse

    def feed_eof(self) -> None:
        self._reader.feed_eof()

    def feed_data(self, octets: bytes) -> tuple[bool, bytes]:
        try:
            self._guard.feed(octets, asyncio.get_running_loop().time())
        except WireViolation as violation:
            self._refuse(violation)
            return False, b""
        return self._reader.feed_data(octets)


class Door(web.RequestHandler):
    """One connection. It aborts what does not send a complete request in time, and ends what breaks the framing."""

    __slots__ = ("_deadline", "_is_in", "_place", "_rules", "guard", "is_ending", "is_gone", "on_writable")

    def __init__(self, server: web.Server, rules: FrontRules, *, loop: asyncio.AbstractEventLoop) -> None:
        # Between requests aiohttp's own keep-alive timer is the deadline: it cuts a half-sent request too.
        keepalive_s, linger_s = rules.request_within_ms / 1000, rules.linger_ms / 1000
        super().__init__(server, loop=loop, access_log=None, keepalive_timeout=keepalive_s, lingering_time=linger_s)  # type: ignore[arg-type]
        self._rules = rules
        self._deadline: asyncio.TimerHandle | None = None
        self._place: Place | None = None
        self.is_ending = self._is_in = False
        self.is_gone = asyncio.Event()
        self.guard = FrameGuard(FRAME_BYTES_BEFORE_SIGN_IN)
        self.on_writable: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let it in, or cut it at once when too many wait unproven."""
        stream = cast("asyncio.Transport", transport)
        turned = self._enter(source_of_peer(_peer(stream), self._rules.trusted_proxies))
        if turned is not None:
            self._tell_refused(turned)
            stream.abort()
            return
        stream.set_write_buffer_limits(high=_WRITE_HIGH_BYTES)
        self._deadline = self._loop.call_later(self._rules.request_within_ms / 1000, self._out_of_time)
        super().connection_made(transport)

    def _enter(self, source: Source) -> Turned | None:
        turned = self._rules.entrance.enter(source, self._loop.time())
        self._is_in = turned is None
        if turned is None:
            self._place = self._rules.crowd.enter(source)
        return turned or (Turned.CROWD if self._place is None else None)

    def _tell_refused(self, turned: Turned) -> None:
        count = self._rules.entrance.refused_since(self._loop.time())
        if count:
            self._rules.journal.tell(Event.CONNECTION_REFUSED, code=turned, count=count)

    def request_complete(self) -> None:
        """A whole request has arrived: the connection is no longer one of the unproven. Safe to repeat."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._place is not None:
            self._place.leave()

    def _out_of_time(self) -> None:
        self._rules.journal.tell(Event.CONNECTION_TIMED_OUT)
        self._abort()

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        self.request_complete()
        if self._is_in:
            self._is_in = False
            self._rules.entrance.leave()
        self.on_writable = None
        self.is_gone.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer; after a violation they are dropped unread."""
        if not self.is_ending:
            super().data_received(data)

    def set_parser(self, parser: WebSocketReader, data_received_cb: Callable[[], None] | None = None) -> None:
        """Hand the bytes that follow an upgrade to `parser`, through the guard."""
        guarded = _GuardedReader(parser, guard=self.guard, refuse=self._violated)
        super().set_parser(cast("WebSocketReader", guarded), data_received_cb)

    def _violated(self, violation: WireViolation) -> None:
        self._rules.journal.tell(Event.WIRE_VIOLATED, close_code=violation.code)
        self.end(violation.code)

    def end(self, code: int) -> None:
        """Say `code` and cut the connection; nothing more is read."""
        if self.is_ending or self.transport is None:
            return
        self.is_ending = True
        self.transport.write(close_frame(code))
        self._loop.call_later(self._rules.linger_ms / 1000, self._abort)

    def cut(self) -> None:
        """End the connection, whether or not the peer reads what was written: one that is gone keeps no file open."""
        if self.transport is not None:
            self._loop.call_later(self._rules.linger_ms / 1000, self._abort)

    def write(self, octets: bytes) -> None:
        """Whole WebSocket frames of ours; nothing goes out once the connection is ending."""
        if self.transport is not None and not self.is_ending:
            self.transport.write(octets)

    def resume_writing(self) -> None:
        """The peer has read enough for us to write again."""
        super().resume_writing()
        if self.on_writable is not None:
            self.on_writable()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature; the text would tell a stranger how we parse
    ) -> web.StreamResponse:
        """Answer what never became a request, or a bug of ours, without a word of detail."""
        self._rules.journal.tell(Event.REQUEST_FAILED, status=status, kind=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError
        return library_error(status, self._rules.headers)

    def log_exception(self, *args: object, **kw: object) -> None:  # noqa: ARG002 - aiohttp's text carries the address
        """A bug in a handler: its kind, nothing of the request."""
        self._rules.journal.tell(Event.REQUEST_FAILED, kind=type(kw.get("exc_info")).__name__)


def _peer(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""


async def listen(runner: web.AppRunner, rules: FrontRules, *, host: str, port: int) -> asyncio.Server:
    """Open the one port in front of a runner that has been set up."""
    loop = asyncio.get_running_loop()
    server = runner.server
    assert server is not None, "the runner is set up first"
    return await loop.create_server(partial(Door, server, rules, loop=loop), host, port, backlog=_BACKLOG)
