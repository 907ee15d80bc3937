"""A conversation from opening to closing over real sockets, with real keys, groups and documents."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from msgspec.structs import replace
from tests.support.relay_world import DESK, NOW, AgentDevice, CustomerDevice, RelayWorld
from tests.support.running_relay import Running, a_config, a_running_relay
from tests.support.wire_client import signed_in
from tests.vectors.trust_world import HOUR, POLICY, World, trust_document

from sotto_keys.shared.text_forms import to_base64url
from sotto_server.app import Times
from sotto_wire.frames import (
    Acknowledge,
    CloseConversation,
    Committed,
    ConversationChanged,
    Delivered,
    Envelope,
    Follow,
    Opened,
    Posted,
    Proposal,
    Queue,
    QueueEntry,
    Refusal,
    Take,
    Taken,
    TrustUpdate,
    WatchQueue,
    WhoIsHere,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.wire_client import WireClient

    from sotto_keys.shared.strict_json import Json
    from sotto_wire.claims import DecisionClaims
    from sotto_wire.ids import Millis

TOKEN = "ana"


class StoppedClock:
    """The time the documents of the tests are made for."""

    def now(self) -> Millis:
        return NOW


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Running]:
    config = a_config(tmp_path / "data")
    async with a_running_relay(config, times=Times(), clock=StoppedClock()) as running:
        yield running


@pytest.fixture
def ana(relay: Running) -> AgentDevice:
    device = AgentDevice()
    RelayWorld(relay.store).equip(device)
    return device


async def test_customer_and_agent_hold_a_conversation(relay: Running, ana: AgentDevice) -> None:
    customer = CustomerDevice()
    talk = customer.conversation
    async with (
        signed_in(relay.port, ana.key, session=TOKEN) as (desk, welcomed),
        signed_in(relay.port, customer.key) as (page, _),
    ):
        assert (welcomed.device_state, welcomed.key_packages) == ("issued", 2)
        await desk.send(WatchQueue(ref=1, desk=DESK))
        assert (await desk.next(Queue)).waiting_count == 0

        await page.send(customer.opening())
        assert (await page.next(Opened)).card.stage == "waiting"
        assert (await desk.next(Queue)).waiting[0].conversation == talk

        await desk.send(Take(ref=2, desk=DESK, conversation=None))
        assert (await desk.next(Taken)).card.conversation == talk
        await page.send(Follow(ref=2, conversation=talk, after=0))
        proposal = await page.next(Proposal)

        await page.send(customer.commit(proposal.key_package, ref=3))
        assert (await page.next(Committed)).receipt is not None
        assert (await page.next(Envelope)).kind == "commit"
        customer.adopt()
        await desk.send(Follow(ref=3, conversation=talk, after=0))
        welcome = await desk.next(Envelope)
        assert welcome.kind == "welcome"

        post = customer.post(1)
        await page.send(post)
        posted = await page.next(Posted)
        message = await desk.next(Envelope)
        assert (message.kind, message.body, message.seq) == ("message", post.message, posted.seq)
        await page.send(Acknowledge(conversation=talk, seq=posted.seq))
        await desk.send(Acknowledge(conversation=talk, seq=posted.seq))
        assert (await page.next(Delivered)).seq == posted.seq

        await page.send(CloseConversation(ref=9, conversation=talk))
        assert (await desk.next(ConversationChanged)).card.stage == "closed"


class LongStaying(CustomerDevice):
    """A customer whose start decision would outlast a conversation."""

    def claims(self) -> DecisionClaims:
        return replace(super().claims(), expires_at=self.at + 48 * HOUR)


async def test_an_opening_without_a_decision_that_covers_it_is_told_which_notice_to_show(relay: Running) -> None:
    RelayWorld(relay.store)
    customer = LongStaying()
    async with signed_in(relay.port, customer.key) as (page, _):
        await page.send(customer.opening())
        refusal = await page.next(Refusal)
        assert (refusal.code, refusal.notice) == ("notice_required", f"/v1/policies/{POLICY.hex()}")
    async with aiohttp.ClientSession() as reader:
        answer = await reader.get(f"{relay.url}{refusal.notice}")
        assert await answer.read() == b"a policy"


async def test_a_revoked_device_is_cut_off_and_everybody_hears_of_it(relay: Running, ana: AgentDevice) -> None:
    revoked: Json = [{"cred_id": "device-ana-1", "at": NOW, "reason": "lost"}]
    trust = World().with_trust(trust_document(2, revoked=revoked, issued=NOW)).trust
    async with (
        signed_in(relay.port, ana.key, session=TOKEN) as (desk, _),
        signed_in(relay.port, CustomerDevice().key) as (page, _),
        aiohttp.ClientSession() as officer,
    ):
        cut = asyncio.create_task(desk.close_code())
        answer = await officer.post(f"{relay.url}/v1/documents", json={"trust": to_base64url(trust)})
        assert answer.status == 204
        assert await cut == 4403
        assert (await page.next(TrustUpdate)).bundle
    async with signed_in(relay.port, ana.key, session=TOKEN) as (_, welcomed):
        assert (welcomed.device_state, welcomed.key_packages) == ("revoked", 0)


async def test_the_desk_sees_at_once_that_the_customer_went_and_is_back(relay: Running, ana: AgentDevice) -> None:
    customer = CustomerDevice()
    async with signed_in(relay.port, ana.key, session=TOKEN) as (desk, _):
        await desk.send(WatchQueue(ref=1, desk=DESK))
        async with signed_in(relay.port, customer.key) as (page, _):
            await page.send(customer.opening())
            await page.next(Opened)
            await page.send(Follow(ref=2, conversation=customer.conversation, after=0))
            assert (await page.next(WhoIsHere)).desk == "here"
            assert [each.customer for each in await waiting(desk)] == ["here"]
        assert [each.customer for each in await waiting(desk)] == ["away"]
        async with signed_in(relay.port, customer.key):
            assert [each.customer for each in await waiting(desk)] == ["here"]


async def test_a_customer_hears_that_the_desk_has_gone_home(relay: Running, ana: AgentDevice) -> None:
    customer = CustomerDevice()
    async with signed_in(relay.port, customer.key) as (page, _):
        async with signed_in(relay.port, ana.key, session=TOKEN):
            await page.send(customer.opening())
            await page.next(Opened)
            await page.send(Follow(ref=2, conversation=customer.conversation, after=0))
            assert (await page.next(WhoIsHere)).desk == "here"
        assert (await page.next(WhoIsHere)).desk == "away"


async def waiting(desk: WireClient) -> list[QueueEntry]:
    """The next queue in which somebody waits."""
    while not (queue := await desk.next(Queue)).waiting:
        pass
    return queue.waiting
