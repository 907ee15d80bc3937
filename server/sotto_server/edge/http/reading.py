"""Reading a request's body: bounded in size, time and shape. A body that is not what it should be is a `BadFrame`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import msgspec

from sotto_wire.limits import REQUEST_WITHIN_MS
from sotto_wire.refusals import BadFrame, TooLarge

if TYPE_CHECKING:
    from aiohttp import web

T = TypeVar("T", bound=msgspec.Struct)


async def read_json(request: web.Request, shape: type[T], *, limit_bytes: int) -> T:
    """The body as `shape`. Refuses with `TooLarge` or `BadFrame`; a body that trickles is cut off like a header is."""
    if (request.content_length or 0) > limit_bytes:
        raise TooLarge("declared")
    if request.content_type != "application/json":
        # T43: a page of another origin cannot send this type without asking first (CORS).
        raise BadFrame("content type")
    try:
        async with asyncio.timeout(REQUEST_WITHIN_MS / 1000):
            octets = await _read(request, limit_bytes)
        return msgspec.json.decode(octets, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TimeoutError) as error:
        raise BadFrame(type(error).__name__) from None


async def _read(request: web.Request, limit_bytes: int) -> bytes:
    octets = bytearray()
    async for chunk in request.content.iter_any():
        octets += chunk
        if len(octets) > limit_bytes:
            raise TooLarge("body")
    return bytes(octets)
