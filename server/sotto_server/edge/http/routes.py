"""Every address of the relay in one table, and what is true of each answer: its headers, and refusals as problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import hdrs, web

from sotto_keys.shared.untrusted import Untrusted
from sotto_server.edge.answers import problem, refusal_answer, status_answer
from sotto_server.edge.front import Door
from sotto_server.edge.headers import Kind
from sotto_server.edge.http import documents, health, privacy, programs, sign_in, socket
from sotto_server.edge.logs import Event
from sotto_server.edge.relay import RELAY
from sotto_server.faults import Fault
from sotto_wire.codes import Code
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Route(NamedTuple):
    """One method of one address."""

    method: str
    path: str
    handler: Handler
    kind: Kind = Kind.ANSWER


ROUTES: Final = (
    Route(hdrs.METH_GET, "/v1/socket", socket.open_socket),
    Route(hdrs.METH_GET, "/v1/trust", documents.get_trust, Kind.PUBLISHED),
    Route(hdrs.METH_GET, "/v1/policies/{digest}", documents.get_policy, Kind.PUBLISHED),
    Route(hdrs.METH_GET, "/v1/incidents", documents.get_incidents, Kind.PUBLISHED),
    Route(hdrs.METH_POST, "/v1/documents", documents.post_documents),
    Route(hdrs.METH_POST, "/v1/sign-in", sign_in.post_sign_in),
    Route(hdrs.METH_OPTIONS, "/v1/sign-in", sign_in.preflight),
    Route(hdrs.METH_POST, "/v1/sign-out", sign_in.post_sign_out),
    Route(hdrs.METH_OPTIONS, "/v1/sign-out", sign_in.preflight),
    Route(hdrs.METH_GET, "/w/{version}/{name}", programs.get_bundle, Kind.BUNDLE),
    Route(hdrs.METH_GET, "/console", programs.to_console, Kind.CONSOLE),
    Route(hdrs.METH_GET, "/console/{path:.*}", programs.get_console, Kind.CONSOLE),
    Route(hdrs.METH_GET, "/privacy", privacy.get_page, Kind.PAGE),
    Route(hdrs.METH_GET, "/privacy.json", privacy.get_facts, Kind.PUBLISHED),
    Route(hdrs.METH_GET, "/privacy/style.css", privacy.get_style, Kind.PAGE),
    Route(hdrs.METH_GET, "/privacy/v/{digest}", privacy.get_version, Kind.PAGE),
    Route(hdrs.METH_GET, "/.well-known/gpc.json", privacy.get_gpc, Kind.PUBLISHED),
    Route(hdrs.METH_GET, "/healthz", health.get_health),
    Route(hdrs.METH_GET, "/readyz", health.get_readiness),
    Route(hdrs.METH_GET, "/version", health.get_version),
)
_KINDS: Final = {route.handler: route.kind for route in ROUTES}
_REFERENCE_BYTES: Final = 6


def add_routes(app: web.Application) -> None:
    """Put the table into an application, with what every answer has in common."""
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.handler)
    app.middlewares.append(_answer_refusals)
    app.on_response_prepare.append(_add_headers)


def kind_of(request: web.Request) -> Kind:
    """What the asked-for address serves; what is no address is an answer."""
    return _KINDS.get(request.match_info.handler, Kind.ANSWER)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    kind = kind_of(request)
    if kind is Kind.BUNDLE and response.status >= 400:  # noqa: PLR2004 - "not there" must not be kept for a year
        kind = Kind.PUBLISHED
    headers = request.app[RELAY].front.headers.of(kind)
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    response.headers[hdrs.SERVER] = headers[hdrs.SERVER]


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    relay = request.app[RELAY]
    if isinstance(request.protocol, Door):
        request.protocol.request_complete()
    try:
        return await handler(request)
    except (Refused, Untrusted) as error:
        relay.journal.tell(Event.REQUEST_REFUSED, route=_name(request), code=_code(error))
        return refusal_answer(error) if isinstance(error, Refused) else problem(Code.UNTRUSTED)
    except Fault as fault:
        reference = relay.entropy(_REFERENCE_BYTES).hex()
        relay.journal.tell(Event.FAULT_RAISED, reference=reference, kind=type(fault).__name__)
        return problem(Code.UNAVAILABLE, reference=reference)
    except web.HTTPException as error:
        relay.journal.tell(Event.REQUEST_REFUSED, route=_name(request), status=error.status)
        return _of_library(error)


def _code(error: Refused | Untrusted) -> str:
    return error.code if isinstance(error, Refused) else type(error).__name__


def _name(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


def _of_library(error: web.HTTPException) -> web.Response:
    response = status_answer(error.status)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
