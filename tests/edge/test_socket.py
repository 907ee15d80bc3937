from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import aiohttp
import pytest
from msgspec.structs import replace
from tests.support.relay_people import TALK, a_conversation, ciphertext, open_it
from tests.support.running_relay import PASSWORD, PUBLIC, Running, a_config, a_running_relay
from tests.support.wire_client import WireClient, a_client, signed_in

from sotto_keys.shared.secret import SecretSigningKey
from sotto_server.app import Times
from sotto_server.domain.conversation import Member
from sotto_server.edge.logs import Event
from sotto_server.edge.socket import Socket, SocketRules
from sotto_server.faults import StoreFault
from sotto_server.usecases.administer import disable_agent
from sotto_wire.claims import Signed
from sotto_wire.frames import Envelope, Follow, Frame, Hello, Post, Posted, Queue, Refusal, WatchQueue, Welcomed
from sotto_wire.ids import AgentId, DeskId, SiteId
from sotto_wire.limits import FRAME_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_server.domain.conversation import Conversation
    from sotto_server.ports import Outcome

CUSTOMER = SecretSigningKey(b"c" * 32)
AGENT = SecretSigningKey(b"a" * 32)


def a_talk(running: Running) -> Conversation:
    """A conversation in which customer and agent are members, opened now."""
    now = running.relay.clock.now()
    talk = a_conversation(opened_at=now)
    members = (
        Member(device=CUSTOMER.public, role="customer", since=0),
        Member(device=AGENT.public, role="agent", since=0),
    )
    talk = replace(talk, customer=CUSTOMER.public, members=members, site=SiteId("shop"), desk=DeskId("support"))
    return running.store.commit(open_it, talk, now)


def a_post(number: int, inside: bytes = b"sealed") -> Post:
    return Post(ref=number, conversation=TALK, group=1, epoch=1, number=number, message=ciphertext(TALK, inside=inside))


async def a_session(running: Running) -> str:
    async with aiohttp.ClientSession(headers={"Origin": PUBLIC}) as http:
        answer = await http.post(f"{running.url}/v1/sign-in", json={"agent": "ada", "password": PASSWORD})
        assert answer.status == 200
        return str((await answer.json())["session"])


async def test_a_customer_is_welcomed(running: Running) -> None:
    async with signed_in(running.port, CUSTOMER) as (_, welcomed):
        assert (welcomed.device_state, welcomed.agent, welcomed.conversations) == ("customer", None, [])
    assert running.notes.of(Event.SOCKET_SIGNED_IN)


async def test_an_agent_is_welcomed_with_name_and_desks(running: Running) -> None:
    async with signed_in(running.port, AGENT, session=await a_session(running)) as (_, welcomed):
        assert welcomed.agent is not None
        assert (welcomed.agent.name, welcomed.agent.desks, welcomed.device_state) == ("Ada", ["support"], "unknown")


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": b"n" * 32},
        {"connection": "another"},
        {"origin": "https://other.example"},
        {"site": "other"},
        {"device": b"d" * 32},
        {"role": "agent"},
        {"role": "agent", "site": "console", "session": "made-up"},
    ],
)
async def test_a_hello_that_does_not_fit_this_connection_is_refused(
    running: Running, changed: dict[str, object]
) -> None:
    async with a_client(running.port) as client:
        await client.hello(CUSTOMER, changed=changed)
        assert (await client.next(Refusal)).code == "not_signed_in"
        assert await client.close_code() == 4401


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(Hello(Signed(b"claims", b"s" * 64)), id="a second hello"),
        pytest.param(WatchQueue(ref=1, desk="support"), id="an agent's frame from a customer"),
    ],
)
async def test_what_is_out_of_place_closes_the_socket(running: Running, frame: Frame) -> None:
    async with signed_in(running.port, CUSTOMER) as (client, _):
        await client.send(frame)
        assert (await client.next(Refusal)).code == "wrong_phase"
        assert await client.close_code() == 4400


async def test_a_message_reaches_the_other_member_by_its_bell(running: Running) -> None:
    a_talk(running)
    session = await a_session(running)
    async with (
        signed_in(running.port, CUSTOMER) as (customer, _),
        signed_in(running.port, AGENT, session=session) as (
            agent,
            _,
        ),
    ):
        await agent.send(Follow(ref=1, conversation=TALK, after=0))
        await customer.send(a_post(1), a_post(2))
        assert [(await customer.next(Posted)).seq for _ in range(2)] == [1, 2]
        assert [(await agent.next(Envelope)).number for _ in range(2)] == [1, 2]


async def test_what_was_not_acknowledged_is_delivered_again_after_reconnecting(running: Running) -> None:
    a_talk(running)
    for _ in range(2):
        async with signed_in(running.port, CUSTOMER) as (customer, welcomed):
            await customer.send(Follow(ref=1, conversation=TALK, after=welcomed.conversations[0].since), a_post(1))
            assert (await customer.next(Envelope)).seq == 1


async def test_a_refused_request_is_answered_and_the_socket_stays(running: Running) -> None:
    async with signed_in(running.port, CUSTOMER) as (customer, _):
        await customer.send(a_post(1))
        refusal = await customer.next(Refusal)
        assert (refusal.ref, refusal.code) == (1, "not_found")
        a_talk(running)
        await customer.send(a_post(1))
        assert (await customer.next(Posted)).seq == 1


async def test_too_many_messages_are_refused_one_by_one(running: Running) -> None:
    a_talk(running)
    async with signed_in(running.port, CUSTOMER) as (customer, _):
        await customer.send(*(a_post(number) for number in range(1, 23)))
        refusal = await customer.next(Refusal)
        assert (refusal.ref, refusal.code) == (21, "too_fast")
        assert refusal.retry_after_ms is not None


async def test_the_limit_of_a_frame_rises_with_signing_in(running: Running) -> None:
    async with signed_in(running.port, CUSTOMER) as (customer, _):
        await customer.socket.send(b"\x00" * FRAME_BYTES)
        assert (await customer.next(Refusal)).code == "bad_frame"
    async with signed_in(running.port, CUSTOMER) as (customer, _):
        await customer.socket.send(b"\x00" * (FRAME_BYTES + 1))
        assert await customer.close_code() == 1009


async def test_the_newer_socket_of_a_device_takes_over(running: Running) -> None:
    async with signed_in(running.port, CUSTOMER) as (first, _), signed_in(running.port, CUSTOMER) as (second, _):
        assert await first.close_code() == 4409
        await second.send(a_post(1))
        assert (await second.next(Refusal)).code == "not_found"


async def test_a_disabled_agent_is_cut_off_at_once(running: Running) -> None:
    async with signed_in(running.port, AGENT, session=await a_session(running)) as (agent, _):
        relay = running.relay
        await relay.committer.submit(disable_agent, AgentId("ada"), relay.clock.now())
        assert await agent.close_code() == 4403


async def test_a_watched_queue_is_told_now(running: Running) -> None:
    async with signed_in(running.port, AGENT, session=await a_session(running)) as (agent, _):
        await agent.send(WatchQueue(ref=1, desk="support"))
        assert (await agent.next(Queue)).waiting_count == 0


async def test_a_reader_that_stops_reading_is_let_go_and_loses_nothing(running: Running) -> None:
    a_talk(running)
    session = await a_session(running)
    async with signed_in(running.port, CUSTOMER) as (customer, _):
        await fill(customer, 20)
        async with signed_in(running.port, AGENT, session=session) as (agent, _):
            agent.socket.transport.pause_reading()
            # The same twenty long messages again and again, until kernel and relay have no room for more.
            ref = 0
            while not running.notes.of(Event.SOCKET_CLOSED):
                ref += 1
                await agent.send(Follow(ref=ref, conversation=TALK, after=0))
                await asyncio.sleep(0)
            assert [each.get("close_code") for each in running.notes.of(Event.SOCKET_REFUSED)] == [4408]
            agent.socket.transport.resume_reading()
            assert await agent.close_code() in {4408, None}
        async with signed_in(running.port, AGENT, session=session) as (agent, _):
            await agent.send(Follow(ref=1, conversation=TALK, after=0))
            assert [(await agent.next(Envelope)).seq for _ in range(20)] == list(range(1, 21))


async def test_a_reader_that_was_slow_for_a_moment_gets_everything_in_order(tmp_path: Path) -> None:
    patient = Times(socket=SocketRules(stalled_ms=30_000))
    async with a_running_relay(a_config(tmp_path), times=patient) as running:
        a_talk(running)
        session = await a_session(running)
        async with (
            signed_in(running.port, CUSTOMER) as (customer, _),
            signed_in(running.port, AGENT, session=session) as (agent, _),
        ):
            await fill(customer, 19)
            ear = running.relay.lines._ears[AGENT.public]
            assert isinstance(ear, Socket)
            agent.socket.transport.pause_reading()
            ref = 1
            while not ear._door.writing_paused:
                ref += 1
                await agent.send(Follow(ref=ref, conversation=TALK, after=0))
                await asyncio.sleep(0)
            await customer.send(a_post(20, b"the last"))
            await customer.next(Posted)
            agent.socket.transport.resume_reading()
            seen = [await agent.next(Envelope)]
            while seen[-1].seq < 20:
                seen.append(await agent.next(Envelope))
            assert [each.seq for each in seen[-20:]] == list(range(1, 21))


async def fill(client: WireClient, count: int) -> None:
    for number in range(1, count + 1):
        await client.send(a_post(number, b"x" * 60_000))
        await client.next(Posted)


async def test_when_the_relay_stops_sockets_are_told_to_come_again(tmp_path: Path) -> None:
    async with a_running_relay(a_config(tmp_path)) as running, signed_in(running.port, CUSTOMER) as (customer, _):
        code = asyncio.create_task(customer.close_code())
        await running.app.shutdown()
        assert await code == 1001


async def test_a_store_that_fails_is_unavailable_with_a_reference(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(_: object) -> list[Outcome]:
        raise StoreFault("disk full")

    a_talk(running)
    async with signed_in(running.port, CUSTOMER) as (customer, _):
        with monkeypatch.context() as broken:
            broken.setattr(running.store, "run", disk_full)
            await customer.send(a_post(1))
            refusal = await customer.next(Refusal)
        assert (refusal.code, bool(refusal.reference)) == ("unavailable", True)
        assert running.notes.of(Event.FAULT_RAISED)[0]["reference"] == refusal.reference
        await customer.send(a_post(1))
        assert (await customer.next(Posted)).seq == 1


async def test_a_bug_ends_the_socket_instead_of_leaving_a_request_without_an_answer(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def a_bug(*_: object) -> list[Frame]:
        raise AssertionError("ours")

    async with signed_in(running.port, CUSTOMER) as (customer, _):
        monkeypatch.setattr(running.relay.dispatch, "perform", a_bug)
        await customer.send(a_post(1))
        assert await customer.close_code() == 1011
    assert running.notes.of(Event.FAULT_RAISED) == [{"kind": "AssertionError"}]


async def test_journal_and_answers_name_nobody(running: Running) -> None:
    async with signed_in(running.port, AGENT, session=await a_session(running)) as (agent, welcomed):
        assert isinstance(welcomed, Welcomed)
        await agent.send(WatchQueue(ref=1, desk="other"))
        await agent.next(Refusal)
    told = str(running.notes.told)
    # As words: a connection's random name may well have the letters "ada" in it.
    assert not re.search(rf"\b(Ada|ada|{PASSWORD}|127\.0\.0\.1)\b", told)
