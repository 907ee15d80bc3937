"""The front door: who becomes a socket, who is cut for saying too little, and how the crowd is counted. Hostile bytes: `tests/threats`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.raw_peer import LAWFUL, RawPeer, request

from sotto_server.edge.logs import Event
from sotto_wire.codec import decode_from_relay
from sotto_wire.frames import Challenge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.running_relay import Running

    Connect = Callable[[], Awaitable[RawPeer]]


async def test_a_lawful_request_becomes_a_socket_and_gets_a_challenge(connect: Connect) -> None:
    peer = await connect()
    peer.send(request(*LAWFUL))
    status, headers = await peer.head()
    assert status == 101
    assert headers["sec-websocket-protocol"] == "sotto.1"
    assert "sec-websocket-extensions" not in headers
    assert isinstance(decode_from_relay(await peer.frame()), Challenge)


async def test_row_12_a_connection_that_says_nothing_is_cut(connect: Connect, running: Running) -> None:
    peer = await connect()
    assert await peer.is_cut()
    assert running.notes.of(Event.CONNECTION_TIMED_OUT)


async def test_row_12_half_a_header_does_not_buy_time(connect: Connect) -> None:
    peer = await connect()
    peer.send(request(*LAWFUL)[:-2])
    assert await peer.is_cut()


async def test_row_12_half_a_header_after_an_answer_does_not_either(connect: Connect) -> None:
    peer = await connect()
    peer.send(request(("Host", "a"), path="/healthz"))
    status, headers = await peer.head()
    await peer.reader.readexactly(int(headers["content-length"]))
    peer.send(request(*LAWFUL)[:-2])
    assert status == 200
    assert await peer.is_cut()


async def test_row_12_a_socket_without_hello_is_closed(connect: Connect) -> None:
    peer = await connect()
    await peer.upgrade()
    assert await peer.close_code() == 4408


async def test_a_slow_crowd_does_not_keep_others_out(connect: Connect, running: Running) -> None:
    limit = running.relay.front.crowd.most
    running.relay.front.crowd.most = 20
    slow = [await connect() for _ in range(20)]
    refused = await connect()
    assert await refused.is_cut()
    for peer in slow:
        assert await peer.is_cut()
    running.relay.front.crowd.most = limit
    late = await connect()
    await late.upgrade()


async def test_who_is_gone_is_no_longer_counted(connect: Connect, running: Running) -> None:
    peer = await connect()
    await peer.upgrade()
    assert running.relay.front.crowd.total == 1
    await peer.close_code()
    await peer.is_cut()
    assert running.relay.front.crowd.total == 0


async def test_no_event_of_a_refused_connection_carries_an_address(connect: Connect, running: Running) -> None:
    peer = await connect()
    peer.send(b"\x16\x03\x01 not http\r\n\r\n")
    await peer.head()
    assert running.notes.told
    assert "127.0.0.1" not in str(running.notes.told)
