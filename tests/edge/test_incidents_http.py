"""Notices of incidents over HTTP: published by whoever has them, served to everybody while they are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from tests.support.running_relay import Running, a_config, a_running_relay
from tests.vectors.trust_world import NOW, World, incident, incident_document

from sotto_keys.shared.text_forms import to_base64url
from sotto_server.edge.logs import Event
from sotto_server.usecases.publish_documents import Documents, anchor_root, publish_documents
from sotto_wire.ids import Millis
from sotto_wire.limits import INCIDENTS_IN_FORCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Then:
    """The moment the test organisation's documents are of."""

    def now(self) -> Millis:
        return Millis(NOW)


@pytest.fixture
async def founded(tmp_path: Path) -> AsyncIterator[Running]:
    async with a_running_relay(a_config(tmp_path / "data"), clock=Then()) as relay:
        world = World()
        relay.store.commit(anchor_root, world.roots[0], Millis(NOW))
        relay.store.commit(publish_documents, Documents(trust=world.trust), Millis(NOW))
        yield relay


async def publish(relay: Running, *notices: bytes) -> int:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as http:
        body = {"incidents": [to_base64url(each) for each in notices]}
        return (await http.post(f"{relay.url}/v1/documents", json=body)).status


async def served(relay: Running) -> object:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as http:
        return await (await http.get(f"{relay.url}/v1/incidents")).json()


async def test_a_published_notice_is_served_to_everybody_and_counted_in_the_log(founded: Running) -> None:
    assert await served(founded) == {"incidents": []}
    assert await publish(founded, incident()) == 204
    assert await served(founded) == {"incidents": [to_base64url(incident())]}
    assert founded.notes.of(Event.DOCUMENTS_PUBLISHED) == [{"count": 1}]


async def test_what_the_organisation_did_not_sign_is_not_served(founded: Running) -> None:
    assert await publish(founded, incident(signers="statement-a")) == 403
    assert await served(founded) == {"incidents": []}


async def test_more_than_can_be_in_force_are_not_even_looked_at(founded: Running) -> None:
    many = [incident(incident_document(incident=f"i-{number}")) for number in range(INCIDENTS_IN_FORCE + 1)]
    assert await publish(founded, *many) == 400
    assert await served(founded) == {"incidents": []}
