"""The code we serve: immutable bundles of the widget by version, and the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from sotto_server.edge.relay import RELAY
from sotto_wire.refusals import NotFound

if TYPE_CHECKING:
    from sotto_server.edge.static import Asset

INDEX = "index.html"


def _found(asset: Asset | None, request: web.Request) -> web.Response:
    if asset is None:
        raise NotFound("no such file")
    return asset.answer(request)


async def get_bundle(request: web.Request) -> web.Response:
    """One file of one release. The version is a name to look up, never a path."""
    name = (request.match_info["version"], request.match_info["name"])
    return _found(request.app[RELAY].programs.bundles.get(name), request)


async def get_console(request: web.Request) -> web.Response:
    """A file of the console; the folder itself is its page."""
    return _found(request.app[RELAY].programs.console.get(request.match_info["path"] or INDEX), request)


async def to_console(_: web.Request) -> web.Response:
    """`/console` is `/console/`: the console's addresses are relative."""
    return web.Response(status=308, headers={"Location": "/console/"})
