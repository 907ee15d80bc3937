"""A `ClientSession` on a real WebSocket (the `websockets` library): requests and their answers, and what the relay pushes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin, Subprotocol

from sotto_client.session import ClientSession
from sotto_wire.codec import SUBPROTOCOL, encode
from sotto_wire.codes import Close, Code
from sotto_wire.frames import Refusal
from sotto_wire.limits import FRAME_BYTES
from sotto_wire.refusals import BadFrame, Unavailable, WrongPhase, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.asyncio.client import ClientConnection

    from sotto_client.session import Identity
    from sotto_wire.frames import Frame, FromRelay, Welcomed


CLOSE_WITHIN_S: Final = 2.0


class LinkLost(Unavailable):
    """The line went down before the answer came. The request may have been carried out, and is safe to repeat."""

    def __init__(self, inside: str = "", *, close_code: int | None = None) -> None:
        super().__init__(inside)
        self.close_code = close_code


class Connection:
    """One connected socket. `pushed` receives every frame that answers no request, in order."""

    def __init__(self, socket: ClientConnection, session: ClientSession) -> None:
        self._socket = socket
        self._session = session
        self._waiting: dict[int, asyncio.Future[FromRelay]] = {}
        self._pushed: asyncio.Queue[FromRelay | None] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, identity: Identity) -> Self:
        """Connect and say hello. Raises `Refused` of the relay's code, or `LinkLost` where no relay answers."""
        try:
            socket = await connect(
                url,
                origin=Origin(identity.origin),
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                compression=None,
                max_size=FRAME_BYTES,
                proxy=None,
                close_timeout=CLOSE_WITHIN_S,
            )
        except (OSError, WebSocketException) as error:
            raise LinkLost(type(error).__name__) from None
        self = cls(socket, ClientSession(identity))
        try:
            await self._greet()
        except BaseException:
            await socket.close()
            raise
        self._reader = asyncio.create_task(self._read())
        return self

    @property
    def welcomed(self) -> Welcomed:
        """What the relay said to `hello`."""
        welcomed = self._session.welcomed
        assert welcomed is not None
        return welcomed

    @property
    def close_code(self) -> int | None:
        """The code with which the relay closed; none while it is open or when it just went away."""
        return self._socket.close_code

    async def ask(self, request: Callable[[int], Frame]) -> FromRelay:
        """Send the frame that `request` makes of a new ref; its answer, or the refusal raised."""
        ref = self._session.new_ref()
        answer: asyncio.Future[FromRelay] = asyncio.get_running_loop().create_future()
        self._waiting[ref] = answer
        try:
            await self.tell(request(ref))
            return await answer
        finally:
            del self._waiting[ref]

    async def tell(self, frame: Frame) -> None:
        """Send a frame that has no answer."""
        await self._send(encode(frame))

    async def next_pushed(self) -> FromRelay | None:
        """The next pushed frame; none once the socket has closed."""
        return await self._pushed.get()

    async def hang_up(self) -> None:
        """Close the socket and wait for nothing: whoever reads from it finds out."""
        await self._socket.close()

    async def close(self) -> None:
        """Close the socket; everything that waits for an answer gets `LinkLost`."""
        await self._socket.close()
        if self._reader is not None:
            await self._reader

    async def _greet(self) -> None:
        while self._session.welcomed is None:
            self._session.receive(await self._receive())
            for octets in self._session.outgoing():
                await self._send(octets)

    async def _send(self, octets: bytes) -> None:
        try:
            await self._socket.send(octets)
        except ConnectionClosed as closed:
            raise LinkLost("socket closed", close_code=closed.rcvd.code if closed.rcvd else None) from None

    async def _receive(self) -> bytes:
        try:
            message = await self._socket.recv()
        except ConnectionClosed as closed:
            raise LinkLost("socket closed", close_code=closed.rcvd.code if closed.rcvd else None) from None
        return message if isinstance(message, bytes) else message.encode()

    async def _read(self) -> None:
        try:
            while True:
                frame = self._session.receive(await self._receive())
                if frame is not None:
                    self._hand_over(frame)
        except LinkLost:
            pass
        except (BadFrame, WrongPhase):
            # What is not of this protocol ends the socket; the next one begins at the cursor.
            await self._socket.close(Close.BAD_FRAME)
        finally:
            self._pushed.put_nowait(None)
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(LinkLost("socket closed"))

    def _hand_over(self, frame: FromRelay) -> None:
        ref = getattr(frame, "ref", None)
        answer = self._waiting.get(ref) if isinstance(ref, int) else None
        if answer is None or answer.done():
            self._pushed.put_nowait(frame)
        elif isinstance(frame, Refusal):
            answer.set_exception(refusal(Code(frame.code), retry_after_ms=frame.retry_after_ms))
        else:
            answer.set_result(frame)
