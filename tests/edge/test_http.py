from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from tests.support.running_relay import PASSWORD, PUBLIC, Running, a_config, a_running_relay

from sotto_server.edge.http.routes import ROUTES
from sotto_server.edge.logs import Event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SNAPSHOT: Final = Path(__file__).with_name("headers.json")
VARYING: Final = {"Date", "Content-Length", "Etag", "Connection", "Location"}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Running]:
    """A relay with a release and a console."""
    web = tmp_path / "web"
    (web / "w" / "1.0.0").mkdir(parents=True)
    (web / "console" / "assets").mkdir(parents=True)
    (web / "w" / "1.0.0" / "loader.js").write_text("export {}\n" * 500)
    (web / "w" / "1.0.0" / "app.js").write_text("export {}")
    (web / "console" / "index.html").write_text("<!doctype html><title>Console</title>")
    (web / "console" / "assets" / "console.js").write_text("export {}")
    async with a_running_relay(a_config(tmp_path / "data", web_dir=web)) as relay:
        yield relay


async def ask(running: Running, method: str, path: str, **options: object) -> tuple[int, dict[str, str], bytes]:
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        options.setdefault("allow_redirects", False)
        async with http.request(method, running.url + path, **options) as answer:  # type: ignore[arg-type]
            return answer.status, dict(answer.headers), await answer.read()


def code(body: bytes) -> str:
    return str(json.loads(body)["code"])


ASKED: Final = (
    ("GET", "/v1/socket"),
    ("GET", "/v1/trust"),
    ("GET", "/v1/policies/" + "0" * 64),
    ("GET", "/v1/incidents"),
    ("POST", "/v1/documents"),
    ("POST", "/v1/sign-in"),
    ("OPTIONS", "/v1/sign-in"),
    ("POST", "/v1/sign-out"),
    ("OPTIONS", "/v1/sign-out"),
    ("GET", "/w/1.0.0/loader.js"),
    ("GET", "/w/1.0.0/other.js"),
    ("GET", "/console"),
    ("GET", "/console/"),
    ("GET", "/console/assets/console.js"),
    ("GET", "/console/missing.js"),
    ("GET", "/privacy"),
    ("GET", "/privacy.json"),
    ("GET", "/privacy/style.css"),
    ("GET", "/privacy/v/" + "0" * 64),
    ("GET", "/.well-known/gpc.json"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/version"),
    ("DELETE", "/healthz"),
    ("GET", "/nowhere"),
)


async def test_the_headers_of_every_route_are_those_that_were_looked_at(served: Running) -> None:
    """Golden: a change of a header is a change of this file, which somebody reads."""
    found = {}
    for method, path in ASKED:
        status, headers, _ = await ask(served, method, path)
        kept = {name: value for name, value in sorted(headers.items()) if name not in VARYING}
        found[f"{method} {path}"] = {"status": status, **kept}
    assert found == json.loads(SNAPSHOT.read_text())


async def test_every_route_is_in_the_snapshot(served: Running) -> None:
    asked = [make_mocked_request(method, path) for method, path in ASKED]
    met = {(await served.app.router.resolve(each)).handler for each in asked}
    wanted = {(each.method, each.path): each.handler for each in ROUTES}
    assert [name for name, handler in wanted.items() if handler not in met] == []
    assert {each.method for each in asked} >= {method for method, _ in wanted}


@pytest.mark.parametrize(("method", "path"), ASKED)
@pytest.mark.parametrize("origin", ["null", "https://elsewhere.example"])
async def test_no_page_of_nowhere_reads_an_answer_that_is_for_one_asker(
    served: Running, method: str, path: str, origin: str
) -> None:
    """Row 78: a sandboxed frame, a file, a data: page all say `null`. What anybody may read proves itself, and is `*`."""
    wishes = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
    _, headers, _ = await ask(served, method, path, headers={"Origin": origin, **wishes})
    public = json.loads(SNAPSHOT.read_text())[f"{method} {path}"].get("Access-Control-Allow-Origin")
    assert headers.get("Access-Control-Allow-Origin") == public
    assert public in (None, "*")
    assert not [
        name for name in headers if name.startswith("Access-Control-") and name != "Access-Control-Allow-Origin"
    ]


@pytest.mark.parametrize(("method", "path"), ASKED)
async def test_no_answer_sets_a_cookie_or_names_the_software(served: Running, method: str, path: str) -> None:
    _, headers, _ = await ask(served, method, path)
    assert "Set-Cookie" not in headers
    assert headers["Server"] == "sotto"


async def test_plain_http_promises_no_https(tmp_path: Path) -> None:
    async with a_running_relay(a_config(tmp_path, public_url="http://localhost:8080")) as running:
        _, headers, _ = await ask(running, "GET", "/healthz")
        assert "Strict-Transport-Security" not in headers


async def test_a_bundle_is_packed_for_whoever_takes_it(served: Running) -> None:
    _, packed, body = await ask(served, "GET", "/w/1.0.0/loader.js", headers={"Accept-Encoding": "gzip"})
    _, plain, whole = await ask(served, "GET", "/w/1.0.0/loader.js", headers={"Accept-Encoding": "identity"})
    assert (packed["Content-Encoding"], "Content-Encoding" in plain) == ("gzip", False)
    assert len(body) < len(whole) == 5000


async def test_what_the_browser_has_is_not_sent_again(served: Running) -> None:
    _, headers, _ = await ask(served, "GET", "/console/")
    status, _, body = await ask(served, "GET", "/console/", headers={"If-None-Match": headers["Etag"]})
    assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/console/../w/1.0.0/app.js", "/console/%2e%2e/%2e%2e/etc/passwd", "/w/..%2f..%2fdata/app.js", "/w/1.0.0/"]
)
async def test_no_address_is_a_path_of_the_disk(served: Running, path: str) -> None:
    from yarl import URL  # noqa: PLC0415 - only here: the client must not tidy the address up

    async with aiohttp.ClientSession() as http:
        answer = await http.get(URL(served.url + path, encoded=True), allow_redirects=False)
        assert answer.status == 404


async def sign_in(running: Running, *, origin: str = PUBLIC, **body: object) -> tuple[int, dict[str, str], bytes]:
    return await ask(running, "POST", "/v1/sign-in", headers={"Origin": origin}, json=body)


async def test_an_agent_signs_in_and_out(running: Running) -> None:
    status, headers, body = await sign_in(running, agent="ada", password=PASSWORD)
    answer = json.loads(body)
    assert (status, answer["name"], answer["desks"]) == (200, "Ada", ["support"])
    assert headers["Access-Control-Allow-Origin"] == PUBLIC
    assert headers["Cache-Control"] == "no-store"
    bearer = {"Origin": PUBLIC, "Authorization": "Bearer " + answer["session"]}
    assert (await ask(running, "POST", "/v1/sign-out", headers=bearer))[0] == 204
    assert (await ask(running, "POST", "/v1/sign-out", headers=bearer))[0] == 204


async def test_a_wrong_password_and_an_unknown_name_read_the_same(running: Running) -> None:
    wrong = await sign_in(running, agent="ada", password="wrong password")
    unknown = await sign_in(running, agent="eve", password="wrong password")
    assert (wrong[0], wrong[2]) == (unknown[0], unknown[2])
    assert code(wrong[2]) == "not_signed_in"


async def test_trying_again_at_once_is_too_fast(running: Running) -> None:
    await sign_in(running, agent="ada", password="wrong password")
    status, headers, body = await sign_in(running, agent="ada", password=PASSWORD)
    assert (status, code(body), headers["Retry-After"]) == (429, "too_fast", "1")


async def test_no_other_page_may_try_passwords(running: Running) -> None:
    status, headers, body = await sign_in(running, origin="https://shop.example", agent="ada", password=PASSWORD)
    assert (status, code(body)) == (401, "not_signed_in")
    assert "Access-Control-Allow-Origin" not in headers


async def test_a_console_may_ask_whether_it_may_ask(running: Running) -> None:
    status, headers, _ = await ask(running, "OPTIONS", "/v1/sign-in", headers={"Origin": PUBLIC})
    assert status == 204
    assert headers["Access-Control-Allow-Headers"] == "Content-Type, Authorization"


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", "bad_frame"),
        (b"{", "bad_frame"),
        (b'{"agent": "ada"}', "bad_frame"),
        (b'{"agent": "ada", "password": "x", "more": 1}', "bad_frame"),
        (b'{"agent": 1, "password": "x"}', "bad_frame"),
        (b'{"agent": "\xff", "password": "x"}', "bad_frame"),
        (b"[" * 4000, "bad_frame"),
        (b" " * 5000, "too_large"),
    ],
)
async def test_a_body_that_is_none_is_refused(running: Running, body: bytes, refusal: str) -> None:
    headers = {"Origin": PUBLIC, "Content-Type": "application/json"}
    _, _, answer = await ask(running, "POST", "/v1/sign-in", headers=headers, data=body)
    assert code(answer) == refusal


async def test_a_form_cannot_sign_in(running: Running) -> None:
    headers = {"Origin": PUBLIC, "Content-Type": "text/plain"}
    body = json.dumps({"agent": "ada", "password": PASSWORD})
    assert (await ask(running, "POST", "/v1/sign-in", headers=headers, data=body))[0] == 400


async def test_an_endless_body_is_cut_at_its_limit(running: Running) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    headers = {"Origin": PUBLIC, "Content-Type": "application/json"}
    status, _, answer = await ask(running, "POST", "/v1/sign-in", headers=headers, data=endless())
    assert (status, code(answer)) == (413, "too_large")


async def test_a_relay_without_documents_is_alive_and_not_ready(running: Running) -> None:
    assert (await ask(running, "GET", "/healthz"))[0] == 200
    status, _, body = await ask(running, "GET", "/readyz")
    assert status == 503
    assert json.loads(body)["parts"] == {
        "store": "ok",
        "trust": "missing",
        "statement_key": "unlisted",
        "policy": "missing",
        "widget": "missing",
    }


async def test_a_document_that_proves_nothing_is_refused(running: Running) -> None:
    body = {"roots": [base64.urlsafe_b64encode(b"{}").rstrip(b"=").decode()]}
    status, _, answer = await ask(running, "POST", "/v1/documents", json=body)
    assert (status, code(answer)) == (503, "unavailable")
    assert (await ask(running, "GET", "/v1/trust"))[0] == 404


async def test_a_refusal_is_told_by_route_and_code(running: Running) -> None:
    await ask(running, "GET", "/v1/policies/nonsense")
    assert running.notes.of(Event.REQUEST_REFUSED) == [{"route": "/v1/policies/{digest}", "code": "not_found"}]
