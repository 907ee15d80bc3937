"""Rows 1-9: bytes after the upgrade that no lawful client sends. Each ends its own socket with its code, and nothing else."""

from __future__ import annotations

import pytest
from tests.support.invariants import CANARY, Standing
from tests.support.raw_peer import masked

from sotto_wire.limits import FRAME_BYTES_BEFORE_SIGN_IN

pytestmark = pytest.mark.asyncio(loop_scope="module")
PING, TEXT, CLOSE = 0x89, 0x81, 0x88


def close(code: int, reason: bytes = b"") -> bytes:
    return masked(code.to_bytes(2, "big") + reason, first=CLOSE)


def declared(length: int) -> bytes:
    """A frame that says how long it is and brings ten bytes."""
    return b"\x82\xff" + length.to_bytes(8, "big") + bytes(4) + b"0123456789"


ATTACKS = [
    *(pytest.param(masked(CANARY, first=0x82 | bit), 1002, id=f"row 1: rsv {bit:#x}") for bit in (0x40, 0x20, 0x10)),
    *(pytest.param(masked(first=0x80 | each), 1002, id=f"row 1: opcode {each}") for each in (3, 4, 5, 6, 7)),
    *(pytest.param(masked(first=0x80 | each), 1002, id=f"row 1: opcode {each}") for each in (11, 12, 13, 14, 15)),
    pytest.param(b"\x82\x1a" + CANARY, 1002, id="row 2: unmasked"),
    pytest.param(masked(b"x", first=0x80), 1002, id="row 3: orphan continuation"),
    pytest.param(masked(b"x", first=0x02) + masked(b"y"), 1002, id="row 3: new data mid-fragment"),
    pytest.param(masked(b"", first=0x09), 1002, id="row 3: fragmented ping"),
    pytest.param(masked(b"x" * 126, first=PING), 1002, id="row 3: long ping"),
    pytest.param(masked(b"\xff" + CANARY, first=TEXT), 1007, id="row 4: text that is no UTF-8"),
    pytest.param(masked(b"\xc3", first=0x01) + masked(b"\x28", first=0x80), 1007, id="row 4: split over fragments"),
    pytest.param(masked(b"\x03", first=CLOSE), 1002, id="row 5: close of one byte"),
    *(pytest.param(close(each), 1002, id=f"row 5: close code {each}") for each in (999, 1004, 1005, 1015, 1016)),
    pytest.param(close(1000, b"\xff"), 1007, id="row 5: reason no UTF-8"),
    pytest.param(declared(1 << 63), 1009, id="row 6: top bit of the length"),
    pytest.param(declared(1 << 30), 1009, id="row 6: a declared gibibyte"),
    pytest.param(masked(b"x" * (FRAME_BYTES_BEFORE_SIGN_IN + 1)), 1009, id="row 7: too large whole"),
    pytest.param(masked(b"x" * 40, first=0x02) + masked(b"x" * 40, first=0) * 2_000, 1009, id="row 7: 2,000 fragments"),
    pytest.param(masked(first=PING) * 13_000, 4429, id="row 8: flood of pings"),
    pytest.param(masked(b"x", first=0x02) + masked(b"x", first=0) * 13_000, 4429, id="row 8: fragments of one byte"),
    pytest.param(masked(b"\x4a\x4c\x4a\x06\x00", first=0xC2), 1002, id="row 9: compressed without negotiation"),
    pytest.param(masked(b"hello", first=TEXT), 4400, id="text is no frame of ours"),
]


@pytest.mark.parametrize(("octets", "code"), ATTACKS)
async def test_what_breaks_the_framing_ends_its_socket_with_its_code(relay: Standing, octets: bytes, code: int) -> None:
    relay.begin()
    peer = await relay.connect()
    await peer.upgrade()
    peer.send(octets)
    assert await peer.close_code() == code
    assert await peer.reader.read() == b"", "nothing follows the close"
    await relay.holds()


async def test_row_6_a_declared_gibibyte_reserves_nothing(relay: Standing) -> None:
    from tests.support.memory import resident_bytes  # noqa: PLC0415 - Linux alone

    relay.begin()
    before = resident_bytes()
    for _ in range(20):
        peer = await relay.connect()
        await peer.upgrade()
        peer.send(declared(1 << 30))
        assert await peer.close_code() == 1009
    assert resident_bytes() - before < 20 * 1024 * 1024
    await relay.holds()


async def test_row_9_compression_is_offered_and_not_taken(relay: Standing) -> None:
    from tests.support.raw_peer import LAWFUL, request  # noqa: PLC0415 - beside what it is about

    peer = await relay.connect()
    peer.send(request(*LAWFUL, ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")))
    status, headers = await peer.head()
    assert (status, "sec-websocket-extensions" in headers) == (101, False)
