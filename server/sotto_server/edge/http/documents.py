"""The organisation's signed documents: to read for everybody, to publish for whoever has them, since they prove themselves."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from sotto_keys.shared.text_forms import from_base64url, to_base64url
from sotto_server.domain.policy_world import day_of
from sotto_server.edge.http.reading import read_json
from sotto_server.edge.http.socket import source_of
from sotto_server.edge.logs import Event
from sotto_server.edge.relay import RELAY
from sotto_server.usecases.incidents import show_incidents
from sotto_server.usecases.publish_documents import Documents
from sotto_wire.ids import Digest
from sotto_wire.limits import INCIDENTS_IN_FORCE, ROOT_HOPS
from sotto_wire.refusals import BadFrame, NotFound

if TYPE_CHECKING:
    from sotto_server.edge.relay import Relay

BODY_BYTES: Final = 4 * 1024 * 1024
"""Room for a long root chain and a day's credentials; each document has its own limit of 256 KiB."""
_DOCUMENTS: Final = 512
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
Texts = Annotated[list[str], Meta(max_length=_DOCUMENTS)]


class Posted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/documents`, each document base64url of its published file."""

    roots: Annotated[list[str], Meta(max_length=ROOT_HOPS + 1)] = []
    trust: str | None = None
    credentials: Texts = []
    policies: Texts = []
    incidents: Annotated[list[str], Meta(max_length=INCIDENTS_IN_FORCE)] = []


async def get_trust(request: web.Request) -> web.Response:
    """The trust bundle."""
    relay = request.app[RELAY]
    bundle = await relay.dispatch.trust_bundle(relay.clock.now())
    return web.Response(body=bundle, content_type="application/json")


async def get_policy(request: web.Request) -> web.Response:
    """A policy by its digest. As text: a browser must never run or render what an organisation wrote."""
    relay = request.app[RELAY]
    text = request.match_info["digest"]
    if not _DIGEST.fullmatch(text):
        raise NotFound("not a digest")
    body = await relay.dispatch.policy(Digest(bytes.fromhex(text)), relay.clock.now())
    return web.Response(body=body, content_type="text/plain", charset="utf-8")


async def get_incidents(request: web.Request) -> web.Response:
    """The notices of incidents in force: whose chat is over is reached by no socket."""
    relay = request.app[RELAY]
    notices = await relay.dispatch.read(show_incidents, None, relay.clock.now())
    return web.json_response({"incidents": [to_base64url(each) for each in notices]})


async def post_documents(request: web.Request) -> web.Response:
    """Keep what is newer and verifies; all of it, or nothing."""
    relay = request.app[RELAY]
    posted = await read_json(request, Posted, limit_bytes=BODY_BYTES)
    documents = Documents(
        roots=_decoded(posted.roots),
        trust=None if posted.trust is None else from_base64url(posted.trust),
        credentials=_decoded(posted.credentials),
        policies=_decoded(posted.policies),
        incidents=_decoded(posted.incidents),
    )
    source = source_of(request)
    await relay.dispatch.prove(documents, None if source.is_exempt else source.bucket, relay.clock.now())
    # Parsed only once an officer's signature names it: 200 KiB of dots keep a TOML parser busy for minutes.
    if not await asyncio.to_thread(_are_policies, relay, documents):
        raise BadFrame("a policy file with what we do not know")
    await relay.dispatch.publish(documents, relay.clock.now())
    lists = (documents.roots, documents.credentials, documents.policies, documents.incidents)
    count = sum(map(len, lists)) + (documents.trust is not None)
    relay.journal.tell(Event.DOCUMENTS_PUBLISHED, count=count)
    return web.Response(status=204)


def _are_policies(relay: Relay, documents: Documents) -> bool:
    at = day_of(relay.clock.now())
    return all(relay.policies.is_usable(each, at=at) for each in documents.policies)


def _decoded(texts: list[str]) -> tuple[bytes, ...]:
    """Each once: the same document five hundred times is checked like one."""
    return tuple(from_base64url(each) for each in dict.fromkeys(texts))
