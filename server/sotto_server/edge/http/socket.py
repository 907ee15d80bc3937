"""`GET /v1/socket`: from a checked request to a running socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aiohttp import web

from sotto_server.edge.addresses import source_of_request
from sotto_server.edge.answers import status_answer
from sotto_server.edge.logs import Event
from sotto_server.edge.origins import may_speak
from sotto_server.edge.relay import RELAY, Relay
from sotto_server.edge.socket import CLOSE_WITHIN_S, Socket
from sotto_server.edge.upgrade import NotAnUpgrade, origin_of_upgrade
from sotto_server.session import Session
from sotto_wire.codec import SUBPROTOCOL
from sotto_wire.limits import FRAME_BYTES

if TYPE_CHECKING:
    from sotto_server.edge.addresses import Source
    from sotto_server.edge.front import Door

_CONNECTION_BYTES = 12


def source_of(request: web.Request) -> Source:
    """Where a request comes from, for limits alone."""
    relay = request.app[RELAY]
    forwarded = request.headers.getall("X-Forwarded-For", [])
    return source_of_request(request.remote or "", forwarded, trusted=relay.config.trusted_proxies)


async def open_socket(request: web.Request) -> web.StreamResponse:
    """Refuse what may not become a socket; else run it until it is over."""
    relay = request.app[RELAY]
    try:
        origin = await _allowed_origin(request, relay)
    except NotAnUpgrade as refused:
        relay.journal.tell(Event.UPGRADE_REFUSED, status=refused.status)
        return refused.answer()
    return await _run(request, relay, origin=origin)


async def _allowed_origin(request: web.Request, relay: Relay) -> str:
    origin = origin_of_upgrade(request)
    if not await may_speak(relay, origin):
        raise NotAnUpgrade(403, "origin")
    return origin


async def _run(request: web.Request, relay: Relay, *, origin: str) -> web.StreamResponse:
    source = source_of(request)
    place = relay.front.crowd.enter(source)
    if place is None:
        response = status_answer(429)
        response.force_close()
        return response
    # One above: aiohttp refuses a message of exactly its limit.
    ws = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        compress=False,
        heartbeat=relay.around.rules.heartbeat_s,
        max_msg_size=FRAME_BYTES + 1,
        timeout=CLOSE_WITHIN_S,
    )
    try:
        await ws.prepare(request)
        session = _session(relay, source, origin=origin)
        door = cast("Door", request.protocol)
        await Socket(ws, door, session=session, place=place, around=relay.around).run()
    finally:
        place.leave()
    return ws


def _session(relay: Relay, source: Source, *, origin: str) -> Session:
    return Session(
        connection=relay.entropy(_CONNECTION_BYTES).hex(),
        nonce=relay.entropy(32),
        origin=origin,
        address=None if source.is_exempt else source.bucket,
        now=relay.clock.now(),
    )
