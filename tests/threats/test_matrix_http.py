"""Rows 38, 39 and 41 over HTTP: every address of the relay, asked by everybody. A new address fails until it is placed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp
import pytest
from tests.support.matrix_town import AGENTS, ROLES, Town, attacked
from tests.support.relay_world import CONSOLE
from tests.vectors.trust_world import POLICY

from sotto_server.edge.http.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Asked = tuple[str, str]
PUBLIC: Final = 200
FROM_A_CONSOLE: Final = (*AGENTS, "eve")
ANSWERS: Final[Mapping[Asked, int | tuple[int, int]]] = {
    ("GET", "/v1/socket"): 426,
    ("GET", "/v1/trust"): PUBLIC,
    ("GET", "/v1/policies/{digest}"): PUBLIC,
    ("GET", "/v1/incidents"): PUBLIC,
    ("POST", "/v1/documents"): 204,
    ("POST", "/v1/sign-in"): 401,
    ("OPTIONS", "/v1/sign-in"): (204, 401),
    ("POST", "/v1/sign-out"): (204, 401),
    ("OPTIONS", "/v1/sign-out"): (204, 401),
    ("GET", "/w/{version}/{name}"): 404,
    ("GET", "/console"): 308,
    ("GET", "/console/{path:.*}"): 404,
    # This town's policy is no policy file: there is no page to show.
    ("GET", "/privacy"): 404,
    ("GET", "/privacy.json"): 404,
    ("GET", "/privacy/style.css"): PUBLIC,
    ("GET", "/privacy/v/{digest}"): 404,
    ("GET", "/.well-known/gpc.json"): 404,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): 503,
    ("GET", "/version"): PUBLIC,
}
"""One status for everybody; or one for who asks from a console, and one for all others."""
NAMES: Final = {"{digest}": POLICY.hex(), "{version}": "1.0.0", "{name}": "loader.js", "{path:.*}": ""}
BODIES: Final[Mapping[Asked, object]] = {
    ("POST", "/v1/documents"): {},
    ("POST", "/v1/sign-in"): {"agent": "ana", "password": "not her password"},
}


def of(path: str) -> str:
    for name, value in NAMES.items():
        path = path.replace(name, value)
    return path


def headers_of(town: Town, who: str) -> dict[str, str]:
    peer = town.peers.get(who)
    if peer is None:
        return {}
    bearer = {"Authorization": f"Bearer {peer.session}"} if peer.session else {}
    return {"Origin": peer.origin, **bearer}


def expected(who: str) -> dict[Asked, int]:
    def status(answer: int | tuple[int, int]) -> int:
        return answer if isinstance(answer, int) else answer[who not in FROM_A_CONSOLE]

    return {asked: status(answer) for asked, answer in ANSWERS.items()}


@pytest.mark.parametrize("host", [None, "bakery.example"], ids=["our host", "another site's host"])
@pytest.mark.parametrize("who", ROLES)
async def test_each_is_answered_as_the_table_says(
    town: tuple[Town, Path], tmp_path: Path, who: str, host: str | None
) -> None:
    built, database = town
    headers = headers_of(built, who) | ({} if host is None else {"Host": host})
    found: dict[Asked, int] = {}
    async with attacked(database, tmp_path) as running, aiohttp.ClientSession(headers=headers) as http:
        for route in ROUTES:
            asked = (route.method, route.path)
            url = running.url + of(route.path)
            answer = await http.request(route.method, url, json=BODIES.get(asked), allow_redirects=False)
            found[asked] = answer.status
            assert answer.headers.get("Access-Control-Allow-Origin") in {None, "*", CONSOLE}
    assert found == expected(who)
