"""One open socket: a pump between the connection and its session. It knows deadlines and closing, and no rule of the protocol."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import WSMsgType, web

from sotto_keys.shared.untrusted import Untrusted
from sotto_server.edge.answers import OUTSIDE
from sotto_server.edge.logs import Event
from sotto_server.edge.sending import Sending
from sotto_server.faults import Fault
from sotto_server.usecases.organisation import policy_in_force
from sotto_wire.codes import Close, Code
from sotto_wire.frames import Acknowledge, Frame, Hello, Refusal
from sotto_wire.limits import FRAME_BYTES, HELLO_WITHIN_MS
from sotto_wire.refusals import BadFrame, Refused

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sotto_server.dispatch import Dispatch
    from sotto_server.domain.rings import Rings
    from sotto_server.edge.crowd import Place
    from sotto_server.edge.front import Door
    from sotto_server.edge.lines import Lines
    from sotto_server.edge.logs import Journal
    from sotto_server.edge.presence import Comings
    from sotto_server.ports import Clock, Entropy
    from sotto_server.session import Session
    from sotto_wire.frames import FromClient

CLOSE_WITHIN_S: Final = 1.0
TRY_LATER: Final = 1013
BUG: Final = 1011
AT_ONCE: Final = 32
"""Requests of one socket in the committer at a time; beyond it we stop reading, so the peer's own TCP window holds it back."""
_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


@dataclass(frozen=True, slots=True)
class SocketRules:
    """The times of a socket; tests shorten them."""

    hello_within_ms: int = HELLO_WITHIN_MS
    stalled_ms: int = 10_000
    """A peer that reads nothing for so long while something waits for it is let go (4408)."""
    look_every_ms: int = 30_000
    """The slow timer: bells may be lost, and a sign-in may have ended."""
    gone_after_ms: int = 3_000
    """A reload or a change of networks takes a second or two: whose socket is gone for so long is told to be away."""
    heartbeat_s: float = 20.0
    """A peer that has said nothing for so long is asked for a sign of life, and half that time later it is gone."""
    answer_within_ms: int = 2_000
    """When the relay stops: how long the answers to what was asked before may take."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every socket of one relay works with."""

    dispatch: Dispatch
    lines: Lines
    comings: Comings
    clock: Clock
    entropy: Entropy
    journal: Journal
    rules: SocketRules


class Socket:
    """Reads one frame after the other, writes what the session has to say, listens to its bell."""

    def __init__(
        self, ws: web.WebSocketResponse, door: Door, *, session: Session, place: Place, around: Surroundings
    ) -> None:
        self._ws, self._door, self._session, self._place, self._around = ws, door, session, place, around
        self._loop = asyncio.get_running_loop()
        self._is_over = self._is_leaving = False
        self._rung = asyncio.Event()
        self._sending = Sending(door, session.outgoing, stalled_ms=around.rules.stalled_ms, too_slow=self._too_slow)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._slow: asyncio.TimerHandle | None = None

    # life

    async def run(self) -> None:
        """From the challenge until the connection is gone. Raises nothing."""
        lines = self._around.lines
        lines.enter(self)
        try:
            self._sending.soon()
            if await self._greet():
                self._spawn(self._deliver())
                await self._converse()
        finally:
            lines.exit(self)
            self._door.cut()
            if self._session.speaker is not None:
                lines.leave(self._session.speaker.device, self)
                self._around.comings.went(self._session.speaker)
            self._end()
        if self._door.is_ending:
            # The library ends every handler with a close frame of its own; after ours there must be nothing.
            await self._door.is_gone.wait()

    def _end(self) -> None:
        self._is_over = True
        self._place.leave()
        self._session.close()
        self._rung.set()
        self._sending.stop()
        if self._slow is not None:
            self._slow.cancel()
        code = self._ws.close_code
        self._around.journal.tell(Event.SOCKET_CLOSED, connection=self._session.connection, close_code=code or 0)

    async def _greet(self) -> bool:
        try:
            async with asyncio.timeout(self._around.rules.hello_within_ms / 1000):
                octets = await self._receive()
        except TimeoutError:
            # Nothing is known against it: a phone may sleep between challenge and hello, and comes back.
            self._around.journal.tell(
                Event.SOCKET_REFUSED, connection=self._session.connection, close_code=Close.TOO_SLOW
            )
            await self._close(Close.TOO_SLOW)
            return False
        if octets is None:
            return False
        try:
            await self._sign_in(octets)
        except (Refused, Untrusted, Fault) as error:
            otherwise = Close.UNTRUSTED if isinstance(error, Untrusted) else Close.NOT_SIGNED_IN
            await self._refuse(error, ref=None, otherwise=TRY_LATER if isinstance(error, Fault) else otherwise)
            return False
        return True

    async def _sign_in(self, octets: bytes) -> None:
        hello = self._session.receive(octets)
        assert isinstance(hello, Hello), "the session takes nothing else first"
        speaker, welcomed = await self._around.dispatch.greet(hello, self._session)
        self._session.welcome(speaker, welcomed)
        self._door.guard.limit_bytes = FRAME_BYTES
        self._place.leave()
        self._around.lines.join(speaker.device, self)
        self._around.comings.came(speaker)
        self._around.journal.tell(Event.SOCKET_SIGNED_IN, connection=self._session.connection, role=speaker.role)
        self._look_later()
        self._rung.set()
        self._sending.soon()

    # reading

    async def _receive(self) -> bytes | None:
        """The next message; none when the connection is over. Text is no frame of ours."""
        message = await self._ws.receive()
        if message.type in _ENDS:
            return None
        if message.type is not WSMsgType.BINARY:
            await self._refuse(BadFrame("text"), ref=None)
            return None
        return bytes(message.data)

    async def _converse(self) -> None:
        while (octets := await self._receive()) is not None and not self._is_over:
            try:
                frame = self._session.receive(octets)
            except Refused as refused:
                await self._refuse(refused, ref=None)
                return
            await self._room.acquire()
            if self._is_leaving:
                self._room.release()
                return
            self._spawn(self._perform(frame))

    async def _perform(self, frame: FromClient) -> None:
        # Tasks start in the order they were made, and `perform` takes its place in the committer's order before it
        # waits for anything: so the requests of one socket keep their order.
        try:
            speaker = self._session.speaker
            assert speaker is not None, "only a signed-in session gives frames"
            answers = await self._around.dispatch.perform(frame, speaker, self._around.clock.now())
            self._session.answer(frame, *answers)
            self._rung.set()
            self._sending.soon()
        except (Refused, Untrusted, Fault) as error:
            self._around.journal.tell(Event.FRAME_REFUSED, frame=type(frame).__name__, code=_code(error))
            await self._refuse(error, ref=_ref(frame))
        finally:
            self._room.release()

    def _too_slow(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._session.close()
            connection = self._session.connection
            self._around.journal.tell(Event.SOCKET_REFUSED, connection=connection, close_code=Close.TOO_SLOW)

    # the bell

    def hear(self, rings: Rings) -> None:
        """A bell: collect soon, if it concerns this socket."""
        if self._session.hear(rings):
            self._rung.set()

    def _look_later(self) -> None:
        self._slow = self._loop.call_later(self._around.rules.look_every_ms / 1000, self._look)

    def _look(self) -> None:
        self._session.look_at_everything()
        self._rung.set()
        self._look_later()

    async def _deliver(self) -> None:
        while not self._is_over:
            await self._rung.wait()
            self._rung.clear()
            try:
                await self._collect()
            except (Refused, Untrusted, Fault) as error:
                # What was due is due again at the next bell or look: a failed read must not swallow it.
                self._session.look_at_everything()
                await self._refuse(error, ref=None)

    async def _collect(self) -> None:
        speaker = self._session.speaker
        while not self._is_over and speaker is not None and (interest := self._session.interest()) is not None:
            collected = await self._around.dispatch.collect(interest, speaker, self._around.clock.now())
            self._session.deliver(collected)
            self._sending.soon()
            await asyncio.sleep(0)
            # A slow reader costs a flag: nothing more is collected until it has read what it got.
            await self._sending.until_writable()

    # refusing and closing

    async def _refuse(
        self, error: Refused | Untrusted | Fault, *, ref: int | None, otherwise: int | None = None
    ) -> bool:
        """Tell the peer, and close where the code closes, or with `otherwise`; whether it closed."""
        code = Code(_code(error))
        reference = self._around.entropy(6).hex() if isinstance(error, Fault) else None
        if reference is not None:
            self._around.journal.tell(Event.FAULT_RAISED, reference=reference, kind=type(error).__name__)
        notice = await self._notice() if code is Code.NOTICE_REQUIRED else None
        self._session.send(_refusal(code, error, ref=ref, notice=notice, reference=reference))
        self._sending.soon()
        closing = OUTSIDE[code].close or otherwise
        if closing is None:
            return False
        self._around.journal.tell(Event.SOCKET_REFUSED, connection=self._session.connection, code=code)
        self._sending.now()
        await self._close(closing)
        return True

    async def _notice(self) -> str | None:
        now = self._around.clock.now()
        digest = await self._around.dispatch.read(policy_in_force, None, now)
        return None if digest is None else f"/v1/policies/{digest.hex()}"

    async def _close(self, code: int) -> None:
        self._is_over = True
        self._session.close()
        if self._door.writing_paused or self._door.is_ending:
            self._door.end(code)
        else:
            await self._ws.close(code=code, drain=False)

    def let_go(self, code: int) -> None:
        """Close it from outside: revoked, or taken over."""
        if not self._is_over:
            self._spawn(self._close(code))

    async def see_off(self, code: int) -> None:
        """The relay stops: no further request is taken, those taken are answered, then it is closed."""
        self._is_leaving = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self._around.rules.answer_within_ms / 1000):
                for _ in range(AT_ONCE):
                    await self._room.acquire()
        self._sending.now()
        if not self._is_over:
            await self._close(code)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            # Nobody answers the request any more: the peer must not wait for it on an open socket.
            self._around.journal.tell(Event.FAULT_RAISED, kind=type(bug).__name__)
            self._is_over = True
            self._door.end(BUG)


def _code(error: Refused | Untrusted | Fault) -> str:
    if isinstance(error, Refused):
        return error.code
    return Code.UNTRUSTED if isinstance(error, Untrusted) else Code.UNAVAILABLE


def _ref(frame: Frame) -> int | None:
    return None if isinstance(frame, Acknowledge | Hello) else getattr(frame, "ref", None)


def _refusal(code: Code, error: Exception, *, ref: int | None, notice: str | None, reference: str | None) -> Refusal:
    retry_after_ms = error.retry_after_ms if isinstance(error, Refused) else None
    return Refusal(ref=ref, code=code, retry_after_ms=retry_after_ms, notice=notice, reference=reference)
