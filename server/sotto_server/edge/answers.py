"""One table: what a refusal looks like outside, by HTTP and by socket. A refusal never repeats what was sent."""

from __future__ import annotations

import http
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from sotto_server.edge.headers import Kind
from sotto_wire.codes import Close, Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_server.edge.headers import Headers
    from sotto_wire.refusals import Refused

PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Outside:
    """How a code leaves: HTTP status, and the close code where the socket ends with it."""

    status: int
    close: int | None = None


OUTSIDE: Final[Mapping[Code, Outside]] = {
    Code.BAD_FRAME: Outside(400, Close.BAD_FRAME),
    Code.TOO_LARGE: Outside(413, 1009),
    Code.WRONG_PHASE: Outside(400, Close.BAD_FRAME),
    Code.NOT_SIGNED_IN: Outside(401, Close.NOT_SIGNED_IN),
    Code.NOT_FOUND: Outside(404),
    Code.WRONG_STAGE: Outside(409),
    Code.STALE_EPOCH: Outside(409),
    Code.GROUP_OVER: Outside(409),
    Code.OUT_OF_ORDER: Outside(409),
    Code.NOT_NEWER: Outside(409),
    Code.ROSTER_FULL: Outside(409),
    Code.NO_KEY_PACKAGE: Outside(409),
    Code.NOBODY_THERE: Outside(409),
    Code.NOTICE_REQUIRED: Outside(403),
    Code.COMMIT_NOT_ALLOWED: Outside(403),
    Code.NOT_ADMITTED: Outside(403),
    Code.NOT_OFFERED: Outside(403),
    Code.NO_CREDENTIAL: Outside(403),
    Code.UNTRUSTED: Outside(403),
    Code.CLOCK_SKEW: Outside(400),
    Code.TOO_FAST: Outside(429),
    Code.MAILBOX_FULL: Outside(429),
    Code.UNAVAILABLE: Outside(503),
}
_BY_STATUS: Final[Mapping[int, Code]] = {
    404: Code.NOT_FOUND,
    413: Code.TOO_LARGE,
    429: Code.TOO_FAST,
    500: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
}


def problem(
    code: Code, *, status: int | None = None, retry_after_ms: int | None = None, reference: str | None = None
) -> web.Response:
    """`application/problem+json` (RFC 9457) for `code`; headers of the route's kind are added by the application."""
    status = OUTSIDE[code].status if status is None else status
    members: dict[str, str | int] = {"type": f"urn:sotto:{code}", "status": status, "code": code}
    members |= {"title": http.HTTPStatus(status).phrase}
    if retry_after_ms is not None:
        members["retry_after_ms"] = retry_after_ms
    if reference is not None:
        members["reference"] = reference
    response = web.Response(status=status, body=msgspec.json.encode(members), content_type=PROBLEM)
    if retry_after_ms is not None:
        response.headers["Retry-After"] = str(-(-retry_after_ms // 1000))
    return response


def refusal_answer(refused: Refused) -> web.Response:
    """The answer to a request that was refused."""
    return problem(refused.code, retry_after_ms=refused.retry_after_ms)


def status_answer(status: int) -> web.Response:
    """The answer where only HTTP was wrong: method, version, headers."""
    return problem(_BY_STATUS.get(status, Code.BAD_FRAME), status=status)


def library_error(status: int, headers: Headers) -> web.Response:
    """The answer to what never became a request of the application, so that no one else adds its headers."""
    response = status_answer(status)
    response.headers.update(headers.of(Kind.ANSWER))
    response.force_close()
    return response
