"""What a naive relay would be: aiohttp passes each message on to the other socket of its room. No order, no store, no check."""

from __future__ import annotations

import sys

from aiohttp import WSMsgType, web

ROOMS = web.AppKey("rooms", dict[str, list[web.WebSocketResponse]])


async def forward(request: web.Request) -> web.WebSocketResponse:
    """One socket of the room that the address names."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    room = request.app[ROOMS].setdefault(request.match_info["room"], [])
    room.append(socket)
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            for other in room:
                if other is not socket:
                    await other.send_bytes(message.data)
    room.remove(socket)
    return socket


def main() -> None:
    """Listens on the port that is the first argument, on loopback."""
    app = web.Application()
    app[ROOMS] = {}
    app.router.add_get("/{room}", forward)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
