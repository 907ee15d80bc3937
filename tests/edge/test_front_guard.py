"""Rows 1-15 of the catalogue of bad inputs (docs/threat-model.md) by raw sockets: what the front door must turn away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.raw_peer import LAWFUL, RawPeer, masked, request, without
from tests.support.running_relay import SHOP, Running

from sotto_server.edge.logs import Event
from sotto_wire.codec import decode_from_relay
from sotto_wire.frames import Challenge
from sotto_wire.limits import FRAME_BYTES_BEFORE_SIGN_IN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Connect = Callable[[], Awaitable[RawPeer]]


async def test_a_lawful_request_becomes_a_socket_and_gets_a_challenge(connect: Connect) -> None:
    peer = await connect()
    peer.send(request(*LAWFUL))
    status, headers = await peer.head()
    assert status == 101
    assert headers["sec-websocket-protocol"] == "sotto.1"
    assert "sec-websocket-extensions" not in headers
    assert isinstance(decode_from_relay(await peer.frame()), Challenge)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        pytest.param(b"\x82\x01x", 1002, id="row 2: unmasked"),
        pytest.param(masked(b"x", first=0xC2), 1002, id="row 1: reserved bit"),
        pytest.param(masked(b"x", first=0x83), 1002, id="row 1: reserved opcode"),
        pytest.param(masked(b"x", first=0x8B), 1002, id="row 1: reserved control opcode"),
        pytest.param(masked(b"x", first=0x80), 1002, id="row 3: orphan continuation"),
        pytest.param(masked(b"x", first=0x02) + masked(b"y"), 1002, id="row 3: new data mid-fragment"),
        pytest.param(masked(b"", first=0x09), 1002, id="row 3: fragmented ping"),
        pytest.param(masked(b"x" * 126, first=0x89), 1002, id="row 3: long ping"),
        pytest.param(masked(b"\xff", first=0x81), 1007, id="row 4: text that is no UTF-8"),
        pytest.param(masked(b"\xc3", first=0x01) + masked(b"\x28", first=0x80), 1007, id="row 4: split over fragments"),
        pytest.param(masked(b"\x03", first=0x88), 1002, id="row 5: close of one byte"),
        pytest.param(masked((999).to_bytes(2, "big"), first=0x88), 1002, id="row 5: close code 999"),
        pytest.param(masked((1005).to_bytes(2, "big"), first=0x88), 1002, id="row 5: close code 1005"),
        pytest.param(masked((1016).to_bytes(2, "big"), first=0x88), 1002, id="row 5: close code 1016"),
        pytest.param(masked((1000).to_bytes(2, "big") + b"\xff", first=0x88), 1007, id="row 5: reason no UTF-8"),
        pytest.param(b"\x82\xff" + (1 << 63).to_bytes(8, "big") + b"\0\0\0\0", 1009, id="row 6: top bit of the length"),
        pytest.param(b"\x82\xff" + (1 << 30).to_bytes(8, "big") + b"\0" * 14, 1009, id="row 6: declared, not sent"),
        pytest.param(masked(b"x" * (FRAME_BYTES_BEFORE_SIGN_IN + 1)), 1009, id="row 7: too large whole"),
        pytest.param(
            masked(b"x" * 64, first=0x02) + masked(b"x" * 64, first=0x00) * 1100, 1009, id="row 7: in fragments"
        ),
        pytest.param(masked(first=0x89) * 6000, 4429, id="row 8: flood of pings"),
        pytest.param(masked(b"hello", first=0x81), 4400, id="text is no frame of ours"),
        pytest.param(masked(b"\xc1"), 4400, id="row 16: not MessagePack"),
    ],
)
async def test_what_breaks_the_framing_ends_the_socket_with_its_code(
    connect: Connect, octets: bytes, code: int
) -> None:
    peer = await connect()
    await peer.upgrade()
    peer.send(octets)
    assert await peer.close_code() == code


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        pytest.param(request(*without("Sec-WebSocket-Version"), ("Sec-WebSocket-Version", "8")), 426, id="version 8"),
        pytest.param(request(*LAWFUL, method="POST"), 405, id="POST"),
        pytest.param(request(*LAWFUL, version="HTTP/1.0"), 505, id="HTTP/1.0"),
        pytest.param(request(*LAWFUL, ("Origin", SHOP)), 400, id="two origins"),
        pytest.param(request(*without("Origin")), 400, id="no origin"),
        pytest.param(request(*without("Origin"), ("Origin", "https://evil.example")), 403, id="origin of no site"),
        pytest.param(request(*without("Origin"), ("Origin", "null")), 403, id="opaque origin"),
        pytest.param(request(*LAWFUL, ("Host", "other.example")), 400, id="two hosts"),
        pytest.param(request(*without("Host")), 400, id="no host"),
        pytest.param(request(*without("Sec-WebSocket-Key")), 400, id="no key"),
        pytest.param(request(*without("Sec-WebSocket-Key"), ("Sec-WebSocket-Key", "c2hvcnQ=")), 400, id="short key"),
        pytest.param(request(*without("Sec-WebSocket-Protocol")), 400, id="no subprotocol"),
        pytest.param(
            request(*without("Sec-WebSocket-Protocol"), ("Sec-WebSocket-Protocol", "chat")), 400, id="other subprotocol"
        ),
        pytest.param(request(*without("Upgrade", "Connection")), 426, id="no upgrade"),
        pytest.param(b"\x16\x03\x01 not http\r\n\r\n", 400, id="row 11: not HTTP"),
        pytest.param(request(("Host", "a"), ("X", "y" * 20_000), path="/healthz"), 400, id="row 11: 20 KiB header"),
        pytest.param(
            request(("Host", "a"), ("Content-Length", "1"), ("Transfer-Encoding", "chunked"), path="/healthz"),
            400,
            id="row 11: two lengths",
        ),
    ],
)
async def test_row_10_what_is_no_lawful_upgrade_is_refused(connect: Connect, octets: bytes, status: int) -> None:
    peer = await connect()
    peer.send(octets)
    answered, headers = await peer.head()
    assert answered == status
    assert headers["content-type"].startswith("application/problem+json")
    assert headers["x-content-type-options"] == "nosniff"


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
    assert await peer.close_code() == 4401


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
