"""The rim under strain: too many connections, peers that are gone, a relay that stops, agents shut out by another process."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from tests.edge.test_socket import AGENT, CUSTOMER, a_post, a_session, a_talk
from tests.support.raw_peer import LAWFUL, RawPeer, request
from tests.support.running_relay import Running, a_config, a_running_relay
from tests.support.wire_client import a_client, signed_in

from sotto_keys.shared.secret import SecretSigningKey
from sotto_server.adapters.store.store import open_store
from sotto_server.app import Times
from sotto_server.domain.desk import Site
from sotto_server.domain.limits import Allowance
from sotto_server.edge.logs import Event
from sotto_server.edge.socket import SocketRules
from sotto_server.usecases.administer import disable_agent
from sotto_wire.frames import Posted, Refusal
from sotto_wire.ids import AgentId, SiteId

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from sotto_server.ports import Job, Outcome

    Connect = Callable[[], Awaitable[RawPeer]]


async def test_connections_beyond_the_budget_are_cut_unread_and_told_in_one_line(
    connect: Connect, running: Running
) -> None:
    running.relay.front.entrance.process = Allowance(per_s=0, at_once=2)
    kept = [await connect() for _ in range(2)]
    for _ in range(30):
        assert await (await connect()).is_cut()
    assert running.notes.of(Event.CONNECTION_REFUSED)[0] == {"code": "process_rate", "count": 1}
    assert len(running.notes.of(Event.CONNECTION_REFUSED)) < 30
    kept[0].send(request(("Host", "a"), path="/healthz"))
    assert (await kept[0].head())[0] == 200


async def comes_in(connect: Connect) -> bool:
    peer = await connect()
    try:
        await peer.upgrade()
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    return True


async def test_without_room_for_another_file_the_next_is_cut_and_comes_in_when_one_has_left(
    connect: Connect, running: Running
) -> None:
    running.relay.front.entrance.most = 1
    first = await connect()
    assert await (await connect()).is_cut()
    first.hang_up()
    while not await comes_in(connect):
        pass


async def test_row_12_a_peer_that_gives_no_sign_of_life_is_cut(tmp_path: Path) -> None:
    deaf = Times(socket=SocketRules(hello_within_ms=60_000, heartbeat_s=0.05))
    async with a_running_relay(a_config(tmp_path), times=deaf) as running:
        peer = await RawPeer.connect(running.port)
        peer.send(request(*LAWFUL))
        await peer.head()
        # It gets our ping, answers nothing, and never closes its half.
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            async with asyncio.timeout(10):
                await peer.close_code()
        assert len(running.relay.lines) == 0
        peer.hang_up()


async def test_a_relay_that_stops_answers_what_was_asked_before(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_talk(running)
    begun, may_go_on = threading.Event(), threading.Event()
    run = running.store.run

    def slow_disk(batch: Sequence[Job]) -> list[Outcome]:
        begun.set()
        may_go_on.wait(10)
        return run(batch)

    async with signed_in(running.port, CUSTOMER) as (customer, _):
        monkeypatch.setattr(running.store, "run", slow_disk)
        await customer.send(a_post(1))
        await asyncio.to_thread(begun.wait, 10)
        stopping = asyncio.create_task(running.app.shutdown())
        await asyncio.sleep(0)
        may_go_on.set()
        assert (await customer.next(Posted)).seq == 1
        assert await customer.close_code() == 1001
        await stopping


async def test_what_is_asked_while_the_relay_stops_is_not_taken(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_talk(running)
    may_go_on = threading.Event()
    run = running.store.run

    def slow_disk(batch: Sequence[Job]) -> list[Outcome]:
        may_go_on.wait(10)
        return run(batch)

    async with signed_in(running.port, CUSTOMER) as (customer, _):
        monkeypatch.setattr(running.store, "run", slow_disk)
        await customer.send(a_post(1))
        stopping = asyncio.create_task(running.app.shutdown())
        await asyncio.sleep(0)
        await customer.send(a_post(2))
        may_go_on.set()
        assert await customer.close_code() == 1001
        await stopping
    found = running.store.read(lambda unit, _, now: unit.mail.conversation(a_post(1).conversation), None, 0)  # type: ignore[arg-type]  # noqa: ARG005
    assert found is not None
    assert found.head <= 1


async def test_an_agent_disabled_by_another_process_is_cut_although_no_bell_rang(
    running: Running, tmp_path: Path
) -> None:
    session = await a_session(running)
    async with signed_in(running.port, AGENT, session=session) as (agent, _), asyncio.timeout(5):
        other = open_store(tmp_path / "data" / "sotto.db")
        other.commit(disable_agent, AgentId("ada"), running.relay.clock.now())
        other.close()
        assert await agent.close_code() == 4403


async def test_a_write_of_another_process_leaves_everybody_else_alone(running: Running, tmp_path: Path) -> None:
    session = await a_session(running)
    async with (
        signed_in(running.port, CUSTOMER) as (customer, _),
        signed_in(running.port, AGENT, session=session) as (agent, _),
    ):
        other = open_store(tmp_path / "data" / "sotto.db")
        other.commit(
            lambda unit, _, now: unit.sites.put(Site(site=SiteId("more"), added_at=now)),
            None,
            running.relay.clock.now(),
        )
        other.close()
        await customer.send(a_post(1))
        assert (await customer.next(Refusal)).code == "not_found"
        await agent.send(a_post(1))
        assert (await agent.next(Refusal)).code == "not_found"


async def test_a_stolen_session_is_of_no_use_with_another_key(running: Running) -> None:
    session = await a_session(running)
    async with signed_in(running.port, AGENT, session=session):
        pass
    async with a_client(running.port, origin="https://chat.example") as thief:
        await thief.hello(SecretSigningKey(b"t" * 32), session=session)
        assert (await thief.next(Refusal)).code == "not_signed_in"


async def test_a_device_that_signs_in_anew_ends_what_it_signed_in_with_before(running: Running) -> None:
    first, second = await a_session(running), await a_session(running)
    async with signed_in(running.port, AGENT, session=first), signed_in(running.port, AGENT, session=second):
        pass
    async with a_client(running.port, origin="https://chat.example") as old:
        await old.hello(AGENT, session=first)
        assert (await old.next(Refusal)).code == "not_signed_in"
