"""Is it alive, is it ready, which version is it. No part says more than a word about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from sotto_keys.shared.text_forms import to_base64url
from sotto_server.domain.policy_world import day_of
from sotto_server.edge.relay import RELAY
from sotto_server.usecases.believed import believed
from sotto_server.usecases.organisation import policy_held
from sotto_wire.codec import SUBPROTOCOL
from sotto_wire.refusals import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_server.edge.relay import Relay
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis

OK = "ok"
DEGRADED = "degraded"


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
    relay, now = request.app[RELAY], request.app[RELAY].clock.now()
    parts = {
        "store": OK if relay.store.is_writable else "read_only",
        "trust": await relay.dispatch.trust_standing(now),
        "statement_key": await relay.dispatch.read(_key_standing, relay.statement_key, now),
        "policy": await _policy_standing(relay, now),
        "widget": OK if relay.programs.bundles else "missing",
    }
    is_ready = all(word in {OK, DEGRADED} for part, word in parts.items() if part != "widget")
    return _json({"status": OK if is_ready else "not_ready", "parts": parts}, status=200 if is_ready else 503)


async def _policy_standing(relay: Relay, now: Millis) -> str:
    """`degraded`: a date of the policy has passed, so something is not offered; the chat is."""
    held = await relay.dispatch.read(policy_held, None, now)
    if held is None:
        return "missing"
    return DEGRADED if relay.policies.lapses(held.body, at=day_of(now)) else OK


def _key_standing(unit: Unit, public: bytes, /, *, now: Millis) -> str:
    """Whether trust lists this statement key today: else clients reject our receipts."""
    try:
        listed = believed(unit).trust.statement_keys
    except Unavailable:
        return "unlisted"
    text = to_base64url(public)
    return OK if any(each.public == text and each.nbf <= now < each.exp for each in listed) else "unlisted"
