"""The privacy page over HTTP: the policy in force and each before it, for people and for machines; dates that pass meanwhile."""

from __future__ import annotations

import datetime as dt
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import aiohttp
import pytest
from tests.support.policies import EXAMPLE, edited, signed
from tests.support.running_relay import Running, a_config, a_running_relay
from tests.vectors.trust_world import DAY, NOW, World, trust_document

from sotto_keys.shared.text_forms import digest_of
from sotto_server.edge.logs import Event
from sotto_server.edge.policy_watch import DATES_EVERY_MS, PolicyWatch
from sotto_server.usecases.publish_documents import Documents, anchor_root, publish_documents
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sotto_keys.shared.strict_json import Json

NEWER: Final = signed(edited('version = "2026.11.1"', 'version = "2026.11.2"', "max_days = 90", "max_days = 60"))
HELD: Final = (EXAMPLE, NEWER)


class Then:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Millis:
        return Millis(self.at)


@asynccontextmanager
async def a_relay(folder: Path, *policies: bytes, clock: Then) -> AsyncIterator[Running]:
    """A relay with these policies in force, the last one newest."""
    listed: list[Json] = [
        {"digest": digest_of(each).hex(), "nbf": NOW - DAY + age, "exp": NOW + 300 * DAY}
        for age, each in enumerate(policies)
    ]
    world = World().with_trust(trust_document(1, policies=listed))
    async with a_running_relay(a_config(folder / "data"), clock=clock) as relay:
        relay.store.commit(anchor_root, world.roots[0], Millis(NOW))
        relay.store.commit(publish_documents, Documents(trust=world.trust, policies=policies), Millis(NOW))
        yield relay


@pytest.fixture
async def shown(tmp_path: Path) -> AsyncIterator[Running]:
    async with a_relay(tmp_path, *HELD, clock=Then()) as relay:
        yield relay


async def get(relay: Running, path: str) -> tuple[int, dict[str, str], str]:
    async with aiohttp.ClientSession() as http, http.get(relay.url + path) as answer:
        return answer.status, dict(answer.headers), await answer.text()


async def test_the_newest_policy_in_force_is_the_privacy_page(shown: Running) -> None:
    status, headers, page = await get(shown, "/privacy")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert digest_of(NEWER).hex() in page
    assert '<html lang="en">' in page


async def test_it_is_read_in_each_language_and_in_no_other(shown: Running) -> None:
    assert '<html lang="de">' in (await get(shown, "/privacy?lang=de"))[2]
    assert '<html lang="en">' in (await get(shown, "/privacy?lang=<script>"))[2]


@pytest.mark.parametrize("prefix", ["", "sha256-"])
async def test_a_version_that_was_ever_shown_still_resolves(shown: Running, prefix: str) -> None:
    status, _, page = await get(shown, f"/privacy/v/{prefix}{digest_of(EXAMPLE).hex()}")
    assert status == 200
    assert "This is an earlier version." in page
    assert "This is an earlier version." not in (await get(shown, f"/privacy/v/{prefix}{digest_of(NEWER).hex()}"))[2]


@pytest.mark.parametrize("name", ["0" * 64, "latest", "..%2fetc"])
async def test_a_version_that_never_was_is_not_found(shown: Running, name: str) -> None:
    assert (await get(shown, f"/privacy/v/{name}"))[0] == 404


async def test_a_page_runs_nothing_loads_one_style_sheet_and_sets_nothing(shown: Running) -> None:
    _, headers, page = await get(shown, "/privacy")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "script-src" not in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers
    assert "<script" not in page
    status, kind, style = await get(shown, "/privacy/style.css")
    assert (status, kind["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "prefers-color-scheme: dark" in style


async def test_machines_read_the_policy_and_the_signal_it_honours(shown: Running) -> None:
    assert (await get(shown, "/privacy.json"))[2].startswith(f'{{"digest":"{digest_of(NEWER).hex()}"')
    assert (await get(shown, "/.well-known/gpc.json"))[2] == '{"gpc":true,"lastUpdate":"2026-10-15"}'


async def test_before_a_policy_is_in_force_there_is_no_page(running: Running) -> None:
    for path in ("/privacy", "/privacy.json", "/.well-known/gpc.json"):
        assert (await get(running, path))[0] == 404


async def test_bytes_of_another_release_are_not_shown_as_a_page(tmp_path: Path) -> None:
    async with a_relay(tmp_path, b"a policy", clock=Then()) as relay:
        for path in ("/privacy", "/privacy.json", "/.well-known/gpc.json"):
            assert (await get(relay, path))[0] == 404


def _standing(answer: str) -> str:
    return answer.partition('"policy":"')[2].partition('"')[0]


async def test_a_date_that_passes_is_said_once_and_shown_as_degraded(tmp_path: Path) -> None:
    def ended(on: dt.date) -> bytes:
        return signed(edited("contract_expires = 2027-06-01", f"contract_expires = {on}"))

    clock, today = Then(), dt.datetime.fromtimestamp(NOW / 1000, tz=dt.UTC).date()
    async with a_relay(tmp_path, ended(today), clock=clock) as relay:
        watch = PolicyWatch(relay.relay)
        await watch.look(clock.now())
        assert _standing((await get(relay, "/readyz"))[2]) == "ok"
        clock.at += DAY
        await watch.look(clock.now())
        clock.at += DATES_EVERY_MS
        await watch.look(clock.now())
        told = [
            each
            for each in relay.notes.of(Event.POLICY_LAPSED)
            if each.get("kind") == "recipients.llm.contract_expires"
        ]
        assert [(each.get("code"), each.get("count")) for each in told] == [("E041", 1)]
        assert _standing((await get(relay, "/readyz"))[2]) == "degraded"
        assert (await get(relay, "/privacy"))[0] == 200


async def test_a_relay_without_a_policy_says_that_it_is_missing(running: Running) -> None:
    assert _standing((await get(running, "/readyz"))[2]) == "missing"
