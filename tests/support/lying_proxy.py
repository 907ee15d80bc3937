"""Stands between browsers and an honest relay, and lies where a test says so; what passed can be read afterwards."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from aiohttp import ClientSession, WSMsgType, web

from sotto_wire.codec import SUBPROTOCOL, decode_from_client, decode_from_relay, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import ClientWebSocketResponse
    from tests.support.demo_town import LoopThread

    from sotto_wire.frames import Frame

    ChangeFile = Callable[[str, bytes], bytes]
    ChangeFrame = Callable[[Frame], Frame | None]

F = TypeVar("F", bound="Frame")

PASSED_ON: Final = ("Content-Type", "Access-Control-Allow-Origin", "Cross-Origin-Resource-Policy")
END_TO_END: Final = ("Accept", "Origin", "Sec-Fetch-Dest")


@dataclass
class LyingProxy:
    """`file` gives what is served at a path in place of the relay's bytes; `frame` what is said in place of its frame, or none."""

    relay_url: str
    url: str = ""
    file: ChangeFile = field(default=lambda _, content: content)
    frame: ChangeFrame = field(default=lambda frame: frame)
    asked: list[str] = field(default_factory=list)
    heard: list[Frame] = field(default_factory=list)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)

    def heard_of(self, kind: type[F]) -> list[F]:
        """What browsers sent of this kind."""
        return [frame for frame in self.heard if isinstance(frame, kind)]

    def honest_again(self) -> None:
        self.file, self.frame = (lambda _, content: content), (lambda frame: frame)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        self.asked.append(request.path)
        headers = {name: request.headers[name] for name in END_TO_END if name in request.headers}
        address = f"{self.relay_url}{request.path_qs}"
        body = await request.read()
        async with (
            ClientSession() as client,
            client.request(request.method, address, headers=headers, data=body or None) as answer,
        ):
            content = self.file(request.path, await answer.read())
            kept = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
            return web.Response(status=answer.status, body=content, headers=kept)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        browser = web.WebSocketResponse(protocols=(SUBPROTOCOL,), compress=False)
        address = f"{self.relay_url.replace('http', 'ws', 1)}{request.path}"
        origin = request.headers["Origin"]
        async with (
            ClientSession() as client,
            client.ws_connect(address, protocols=(SUBPROTOCOL,), origin=origin, compress=0) as relay,
        ):
            await browser.prepare(request)
            self.sockets.add(browser)
            there, back = (
                asyncio.create_task(self._there(browser, relay)),
                asyncio.create_task(self._back(relay, browser)),
            )
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            self.sockets.discard(browser)
            await browser.close(code=relay.close_code or 1001)
        return browser

    async def _there(self, browser: web.WebSocketResponse, relay: ClientWebSocketResponse) -> None:
        async for message in browser:
            if message.type is WSMsgType.BINARY:
                self.heard.append(decode_from_client(message.data))
                await relay.send_bytes(message.data)

    async def _back(self, relay: ClientWebSocketResponse, browser: web.WebSocketResponse) -> None:
        async for message in relay:
            if message.type is WSMsgType.BINARY:
                told = self.frame(decode_from_relay(message.data))
                if told is not None:
                    await browser.send_bytes(encode(told))

    async def tell_everybody(self, frame: Frame) -> None:
        """A frame that the relay never sent."""
        for socket in list(self.sockets):
            await socket.send_bytes(encode(frame))


@contextmanager
def lying_proxy(relay_url: str, thread: LoopThread) -> Iterator[LyingProxy]:
    """A proxy that is honest until told otherwise."""
    proxy = LyingProxy(relay_url)

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", proxy.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = thread.do(start())
    host, port = runner.addresses[0]
    proxy.url = f"http://{host}:{port}"
    try:
        yield proxy
    finally:
        thread.do(runner.cleanup())
