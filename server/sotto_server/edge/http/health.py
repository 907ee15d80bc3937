"""Is it alive, is it ready, which version is it. No part says more than a word about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from sotto_server.edge.relay import RELAY
from sotto_wire.codec import SUBPROTOCOL

if TYPE_CHECKING:
    from collections.abc import Mapping

OK = "ok"


def _json(members: Mapping[str, object], *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(members), content_type="application/json")


async def get_health(_: web.Request) -> web.Response:
    """The process answers; nothing else is asked."""
    return _json({"status": OK})


async def get_version(request: web.Request) -> web.Response:
    """The product's version and the protocol's, which are not the same."""
    return _json({"version": request.app[RELAY].version, "protocol": SUBPROTOCOL})


async def get_readiness(request: web.Request) -> web.Response:
    """Each part by name; 503 as long as one of them keeps customers from being served."""
    relay = request.app[RELAY]
    parts = {
        "store": OK if relay.store.is_writable else "read_only",
        "trust": await relay.documents.trust_state(relay.clock.now()),
        "widget": OK if relay.programs.bundles else "missing",
    }
    is_ready = parts["store"] == OK and parts["trust"] == OK
    return _json({"status": OK if is_ready else "not_ready", "parts": parts}, status=200 if is_ready else 503)
