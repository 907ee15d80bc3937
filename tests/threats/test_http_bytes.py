"""Rows 10-12, 14 and 41: what is no lawful request, what comes too slowly, and what breaks off."""

from __future__ import annotations

import struct
from socket import SO_LINGER, SOL_SOCKET

import pytest
from tests.support.invariants import CANARY, Standing
from tests.support.raw_peer import LAWFUL, masked, request, without
from tests.support.running_relay import SHOP

from sotto_server.edge.logs import Event

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOST = ("Host", "chat.example")
EVIL = "https://evil.example"


def raw(*lines: bytes, end: bytes = b"\r\n") -> bytes:
    return end.join((*lines, b"", b""))


UPGRADES = [
    pytest.param(
        request(*without("Sec-WebSocket-Version"), ("Sec-WebSocket-Version", "8")), 426, id="row 10: version 8"
    ),
    pytest.param(request(*LAWFUL, method="POST"), 405, id="row 10: POST"),
    pytest.param(request(*LAWFUL, version="HTTP/1.0"), 505, id="row 10: HTTP/1.0"),
    pytest.param(request(*LAWFUL, ("Origin", SHOP)), 400, id="row 10: two origins"),
    pytest.param(request(*LAWFUL, ("Host", "other.example")), 400, id="row 10: two hosts"),
    pytest.param(request(*without("Host")), 400, id="row 10: no host"),
    pytest.param(request(*without("Sec-WebSocket-Key")), 400, id="row 10: no key"),
    pytest.param(
        request(*without("Sec-WebSocket-Key"), ("Sec-WebSocket-Key", "c2hvcnQ=")), 400, id="row 10: short key"
    ),
    pytest.param(request(*without("Sec-WebSocket-Protocol")), 400, id="row 10: no subprotocol"),
    pytest.param(request(*without("Upgrade", "Connection")), 426, id="row 10: no upgrade"),
    pytest.param(request(*without("Origin")), 400, id="row 41: no origin"),
    pytest.param(request(*without("Origin"), ("Origin", EVIL)), 403, id="row 41: an evil origin"),
    pytest.param(request(*without("Origin"), ("Origin", "null")), 403, id="row 41: an opaque origin"),
    pytest.param(request(*without("Origin"), ("Origin", SHOP + ".evil.example")), 403, id="row 41: a longer origin"),
    pytest.param(
        request(HOST, ("Content-Length", "1"), ("Transfer-Encoding", "chunked"), path="/healthz"),
        400,
        id="row 11: content length and transfer encoding",
    ),
    pytest.param(
        request(HOST, ("Content-Length", "1"), ("Content-Length", "2"), path="/healthz"), 400, id="row 11: two lengths"
    ),
    pytest.param(
        request(HOST, ("Transfer-Encoding", "chunked, identity"), path="/healthz"), 400, id="row 11: two encodings"
    ),
    pytest.param(raw(b"GET /healthz HTTP/1.1", b"Host: a", b"X: \0" + CANARY), 400, id="row 11: NUL in a header"),
    pytest.param(raw(b"GET /health\0z HTTP/1.1", b"Host: a"), 400, id="row 11: NUL in the address"),
    pytest.param(raw(b"GET /healthz HTTP/1.1", b"Host: a", b"X: y\rZ: 1"), 400, id="row 11: bare CR"),
    pytest.param(raw(b"GET /healthz HTTP/1.1", b"Host: a", b" folded: 1"), 400, id="row 11: a folded header"),
    pytest.param(raw(b"GET /healthz HTTP/1.1", b"Host : a"), 400, id="row 11: a space before the colon"),
    pytest.param(raw(b"\x16\x03\x01" + CANARY), 400, id="row 11: not HTTP"),
    pytest.param(request(HOST, ("X", "y" * 20_480), path="/healthz"), 400, id="row 11: a header of 20 KiB"),
    pytest.param(
        request(HOST, *((f"X-{n}", "y" * 40) for n in range(500)), path="/healthz"), 400, id="row 11: 500 headers"
    ),
]


@pytest.mark.parametrize(("octets", "status"), UPGRADES)
async def test_what_is_no_lawful_request_is_refused_without_a_word_of_detail(
    relay: Standing, octets: bytes, status: int
) -> None:
    relay.begin()
    peer = await relay.connect()
    peer.send(octets)
    answered, headers = await peer.head()
    body = await peer.reader.readexactly(int(headers["content-length"]))
    assert answered == status
    assert headers["content-type"].startswith("application/problem+json")
    assert headers["x-content-type-options"] == "nosniff"
    assert CANARY not in body
    await relay.holds()


async def test_row_11_bare_line_feeds_smuggle_no_second_request(relay: Standing) -> None:
    relay.begin()
    peer = await relay.connect()
    peer.send(raw(b"GET /healthz HTTP/1.1", b"Host: a", b"", b"GET /version HTTP/1.1", b"Host: a", end=b"\n"))
    status, headers = await peer.head()
    assert status == 400
    await peer.reader.readexactly(int(headers["content-length"]))
    assert await peer.reader.read() == b""
    await relay.holds()


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="no byte"),
        pytest.param(b"G", id="one byte"),
        pytest.param(request(*LAWFUL)[:-2], id="half a header"),
        pytest.param(request(HOST, ("Content-Length", "9"), path="/v1/sign-in", method="POST")[:-1], id="no end"),
    ],
)
async def test_row_12_whoever_sends_no_whole_request_in_time_is_cut(relay: Standing, octets: bytes) -> None:
    relay.begin()
    slow = [await relay.connect() for _ in range(5)]
    for peer in slow:
        peer.send(octets)
    late = await relay.connect()
    await late.upgrade()
    for peer in slow:
        assert await peer.is_cut()
    assert relay.running.notes.of(Event.CONNECTION_TIMED_OUT)
    await relay.holds()


async def test_row_12_a_socket_without_hello_is_closed(relay: Standing) -> None:
    relay.begin()
    peer = await relay.connect()
    await peer.upgrade()
    assert await peer.close_code() == 4408
    await relay.holds()


async def test_row_14_a_peer_that_closes_its_half_is_closed(relay: Standing) -> None:
    relay.begin()
    peer = await relay.connect()
    await peer.upgrade()
    peer.send(masked(CANARY)[:9])
    peer.writer.write_eof()
    assert await peer.is_cut() or await peer.is_cut()
    await relay.holds(is_told=False)


async def test_row_14_a_reset_in_the_middle_of_a_frame_ends_nothing_else(relay: Standing) -> None:
    relay.begin()
    for cut in (1, 5, 12):
        peer = await relay.connect()
        await peer.upgrade()
        peer.send(masked(CANARY)[:cut])
        await peer.writer.drain()
        peer.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        peer.hang_up()
    await relay.holds(is_told=False)
