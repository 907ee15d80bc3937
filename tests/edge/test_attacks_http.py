"""Attacks on the relay's HTTP side, each of which once worked. A stranger's bytes must not cost everybody else their turn."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import aiohttp
import pytest
from tests.support.running_relay import Running, a_config, a_running_relay
from tests.vectors.trust_world import NOW as THEN
from tests.vectors.trust_world import World

from sotto_server.usecases.publish_documents import Documents, anchor_root, publish_documents
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Then:
    """The moment the test organisation's documents are of."""

    def now(self) -> Millis:
        return Millis(THEN)


@pytest.fixture
async def founded(tmp_path: Path) -> AsyncIterator[Running]:
    async with a_running_relay(a_config(tmp_path / "data"), clock=Then()) as relay:
        world = World()
        relay.store.commit(anchor_root, world.roots[0], Millis(THEN))
        relay.store.commit(publish_documents, Documents(trust=world.trust), Millis(THEN))
        yield relay


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


async def post_documents(relay: Running, body: dict[str, list[str]]) -> int:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as http:
        answer = await http.post(f"{relay.url}/v1/documents", json=body)
        return answer.status


async def test_a_strangers_policy_file_is_not_even_parsed(founded: Running) -> None:
    # A TOML parser is quadratic in the parts of a dotted key: these 200 KiB held the loop for minutes.
    dots = b".".join([b"a"] * 100_000) + b" = 1"
    assert await post_documents(founded, {"policies": [base64url(dots)]}) == 403


async def test_a_policy_that_trust_lists_and_nobody_understands_is_refused(founded: Running) -> None:
    assert await post_documents(founded, {"policies": [base64url(b"a policy")]}) == 400
    assert founded.notes.told[-1][1].get("code") == "bad_frame"


async def test_one_document_five_hundred_times_is_one_document(founded: Running) -> None:
    root = base64url(World().roots[0])
    assert await post_documents(founded, {"roots": [root] * 65}) == 204
    assert founded.notes.told[-1][1].get("count") == 1
