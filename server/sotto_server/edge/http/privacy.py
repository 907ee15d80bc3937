"""The privacy page, its versions, and what machines read of it. From the policy that is enforced; anybody may look, nobody is noted."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from aiohttp import web

from sotto_server.edge.relay import RELAY
from sotto_server.usecases.organisation import policy_held
from sotto_wire.ids import Digest
from sotto_wire.refusals import NotFound

if TYPE_CHECKING:
    from sotto_server.domain.documents import PolicyEntry
    from sotto_server.edge.relay import Relay

_DIGEST: Final = re.compile(r"(?:sha256-)?([0-9a-f]{64})")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?")


async def get_page(request: web.Request) -> web.Response:
    """The policy in force, for people."""
    relay = request.app[RELAY]
    held = await _held(relay)
    return await _page(request, held.body, is_current=True)


async def get_version(request: web.Request) -> web.Response:
    """Any policy that was ever shown here, by its digest."""
    relay = request.app[RELAY]
    digest = _DIGEST.fullmatch(request.match_info["digest"])
    if digest is None:
        raise NotFound("not a digest")
    wanted = Digest(bytes.fromhex(digest[1]))
    body = await relay.dispatch.policy(wanted, relay.clock.now())
    current = await relay.dispatch.read(policy_held, None, relay.clock.now())
    return await _page(request, body, is_current=current is not None and current.digest == wanted)


async def get_facts(request: web.Request) -> web.Response:
    """The policy in force, for machines."""
    relay = request.app[RELAY]
    return _json(relay.policies.facts((await _held(relay)).body))


async def get_gpc(request: web.Request) -> web.Response:
    """Whether Global Privacy Control is honoured here, where its specification looks for it."""
    relay = request.app[RELAY]
    return _json(relay.policies.gpc((await _held(relay)).body))


async def get_style(request: web.Request) -> web.Response:
    """The style sheet of the pages."""
    return web.Response(text=request.app[RELAY].policies.style, content_type="text/css")


async def _held(relay: Relay) -> PolicyEntry:
    held = await relay.dispatch.read(policy_held, None, relay.clock.now())
    if held is None:
        raise NotFound("no policy in force")
    return held


async def _page(request: web.Request, body: bytes, *, is_current: bool) -> web.Response:
    language = request.query.get("lang", "")
    if not _LANGUAGE.fullmatch(language):
        language = ""
    # Off the loop: the first reading of a file takes some milliseconds.
    page = await asyncio.to_thread(request.app[RELAY].policies.page, body, language=language, is_current=is_current)
    if page is None:
        raise NotFound("not a policy that this release can read")
    return web.Response(text=page, content_type="text/html", charset="utf-8")


def _json(body: bytes | None) -> web.Response:
    if body is None:
        raise NotFound("not a policy that this release can read")
    return web.Response(body=body, content_type="application/json")
