"""Agents sign in and out by password. No cookie: the answer's token is spoken again only inside a signed `hello`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from sotto_keys.shared.secret import SecretText
from sotto_server.edge.answers import refusal_answer
from sotto_server.edge.http.reading import read_json
from sotto_server.edge.http.socket import source_of
from sotto_server.edge.logs import Event
from sotto_server.edge.origins import is_of_console
from sotto_server.edge.relay import RELAY
from sotto_server.signing_in import Attempt
from sotto_wire.limits import PASSWORD_LENGTH
from sotto_wire.refusals import NotSignedIn, Refused

if TYPE_CHECKING:
    from sotto_server.signing_in import Session

BODY_BYTES: Final = 4096
_BEARER: Final = "Bearer "
_TOKEN_CHARACTERS: Final = 128
_METHODS: Final = "POST"
_HEADERS: Final = "Content-Type, Authorization"


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/sign-in`."""

    agent: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(max_length=PASSWORD_LENGTH[1] * 4)]

    def __repr__(self) -> str:
        return "Credentials(‹secret›)"


class SignedIn(msgspec.Struct, frozen=True):
    """The answer."""

    session: str
    expires_at: int
    agent: str
    name: str
    desks: list[str]

    def __repr__(self) -> str:
        return f"SignedIn({self.agent}, ‹secret›)"


def _console_origin(request: web.Request) -> str:
    """The one console origin that asks, or `NotSignedIn`: no other page may even try passwords from a browser."""
    origins = request.headers.getall("Origin", [])
    if len(origins) != 1 or not is_of_console(request.app[RELAY], origins[0]):
        raise NotSignedIn("origin of no console")
    return origins[0]


def _readable_by(origin: str, response: web.Response) -> web.Response:
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Vary"] = "Origin"
    return response


async def preflight(request: web.Request) -> web.Response:
    """A console on an origin of its own asks whether it may ask (CORS)."""
    response = _readable_by(_console_origin(request), web.Response(status=204))
    response.headers["Access-Control-Allow-Methods"] = _METHODS
    response.headers["Access-Control-Allow-Headers"] = _HEADERS
    return response


async def post_sign_in(request: web.Request) -> web.Response:
    """Name and password for a session; a refusal looks the same whichever of the two was wrong."""
    relay = request.app[RELAY]
    origin = _console_origin(request)
    credentials = await read_json(request, Credentials, limit_bytes=BODY_BYTES)
    source = source_of(request)
    attempt = Attempt(credentials.agent, SecretText(credentials.password), None if source.is_exempt else source.bucket)
    try:
        session = await relay.signing_in.sign_in(attempt, now=relay.clock.now())
    except Refused as refused:
        relay.journal.tell(Event.AGENT_SIGN_IN_REFUSED, code=refused.code)
        return _readable_by(origin, refusal_answer(refused))
    relay.journal.tell(Event.AGENT_SIGNED_IN)
    response = web.Response(body=msgspec.json.encode(_answer(session)), content_type="application/json")
    return _readable_by(origin, response)


def _answer(session: Session) -> SignedIn:
    begun = session.signed_in
    return SignedIn(
        session=session.token.reveal(),
        expires_at=begun.expires_at,
        agent=begun.agent.agent,
        name=begun.agent.name,
        desks=list(begun.desks),
    )


async def post_sign_out(request: web.Request) -> web.Response:
    """End the session in the `Authorization` header; the same answer whether there was one."""
    relay = request.app[RELAY]
    origin = _console_origin(request)
    value = request.headers.get("Authorization", "")
    if not value.startswith(_BEARER) or len(value) > len(_BEARER) + _TOKEN_CHARACTERS:
        raise NotSignedIn("no session")
    await relay.signing_in.sign_out(SecretText(value.removeprefix(_BEARER)), now=relay.clock.now())
    return _readable_by(origin, web.Response(status=204))
