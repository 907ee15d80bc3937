"""May this request become a socket? Checked before the library's handshake, which takes old versions and several origins."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from aiohttp import HttpVersion11

from sotto_server.edge.answers import status_answer
from sotto_wire.codec import SUBPROTOCOL

if TYPE_CHECKING:
    from aiohttp import web
    from multidict import CIMultiDictProxy

VERSION: Final = "13"
_KEY_BYTES: Final = 16


class NotAnUpgrade(Exception):  # noqa: N818 - the name is the finding
    """The request may not become a socket; `status` is the HTTP status to answer with."""

    def __init__(self, status: int, inside: str) -> None:
        super().__init__(inside)
        self.status = status

    def answer(self) -> web.Response:
        """The refusal; the connection ends with it, for what follows might be frames."""
        response = status_answer(self.status)
        response.force_close()
        if self.status == 426:  # noqa: PLR2004 - RFC 6455 section 4.4: say which version would do
            response.headers["Upgrade"] = "websocket"
            response.headers["Sec-WebSocket-Version"] = VERSION
        return response


def _only(headers: CIMultiDictProxy[str], name: str) -> str:
    values = headers.getall(name, [])
    if len(values) != 1:
        raise NotAnUpgrade(400, f"{len(values)} {name}")
    return values[0].strip()


def _has_key(value: str) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == _KEY_BYTES
    except binascii.Error:
        return False


def origin_of_upgrade(request: web.Request) -> str:
    """The one `Origin` of a lawful WebSocket request for `sotto.1`; `NotAnUpgrade` for every other request."""
    headers = request.headers
    if request.version != HttpVersion11:
        raise NotAnUpgrade(505, "version")
    if "websocket" not in headers.get("Upgrade", "").lower() or "upgrade" not in headers.get("Connection", "").lower():
        raise NotAnUpgrade(426, "no upgrade")
    if _only(headers, "Sec-WebSocket-Version") != VERSION:
        raise NotAnUpgrade(426, "websocket version")
    if not _has_key(_only(headers, "Sec-WebSocket-Key")):
        raise NotAnUpgrade(400, "key")
    _only(headers, "Host")
    offered = headers.get("Sec-WebSocket-Protocol", "").split(",")
    if SUBPROTOCOL not in (each.strip() for each in offered):
        raise NotAnUpgrade(400, "subprotocol")
    return _only(headers, "Origin")
