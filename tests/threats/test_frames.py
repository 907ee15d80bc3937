"""Rows 16-19: bytes that are no frame, frames out of their place, and numbers that repeat or do not exist."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from tests.support.invariants import CANARY, Standing
from tests.support.relay_people import NOW, TALK, a_conversation, a_post, an_ack, look, open_it
from tests.support.wire_client import a_client, signed_in
from tests.vectors.contract import FROM_CLIENT, example

from sotto_keys.shared.secret import SecretSigningKey
from sotto_server.adapters.store.store import open_store
from sotto_server.usecases.acknowledge import acknowledge
from sotto_server.usecases.post_envelope import post_envelope
from sotto_wire.codec import decode_from_client
from sotto_wire.frames import Acknowledge, Follow, Frame, Refusal
from sotto_wire.refusals import BadFrame, NotFound, OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sotto_server.ports import Store

pack = msgspec.msgpack.encode
HOSTILE_VALUES: Final[tuple[object, ...]] = (
    math.nan,
    math.inf,
    -math.inf,
    -1,
    2**63,
    2**64 - 1,
    1.5,
    True,
    {},
    {"a": 1},
    [[[]]],
    msgspec.msgpack.Ext(1, CANARY),
    msgspec.msgpack.Ext(-1, bytes(12)),
    "x" * 100_000,
    bytes(300_000),
)


def plain(frame: type[msgspec.Struct]) -> list[object]:
    """A lawful frame as the array it travels as."""
    read: list[object] = msgspec.msgpack.decode(pack(example(frame)))
    return read


def malformed(frame: type[msgspec.Struct]) -> Iterator[bytes]:
    """Fields missing, one too many, each field of every wrong kind, cut at every byte, trailed by another byte."""
    array, whole = plain(frame), pack(example(frame))
    yield from (pack(array[:count]) for count in range(len(array)))
    yield pack([*array, None])
    yield pack(dict(enumerate(array)))
    yield whole + b"\xc0"
    yield from (whole[:cut] for cut in range(len(whole)))
    for at in range(1, len(array)):
        for value in HOSTILE_VALUES:
            yield pack([*array[:at], value, *array[at + 1 :]])


NO_FRAMES: Final = (
    b"",
    b"\xc1",
    b"\x91" * 10_000,
    b"\x81\xa3ack" * 10_000,
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff" + CANARY,
    b"\x82\xa1a\x01\xa1a\x02",
    b"\x93\xa5enrol\x01\xa4\xc3\x28\xff\xfe",
    b"\x92\xa5hello\xd9\x20" + b"\xff" * 32,
    pack(["no such frame", 1]),
    pack([["hello"], 1]),
)


@pytest.mark.parametrize("frame", FROM_CLIENT, ids=lambda each: each.__name__)
def test_row_16_every_malformed_form_of_every_frame_is_a_bad_frame_and_nothing_else(
    frame: type[msgspec.Struct],
) -> None:
    assert isinstance(decode_from_client(pack(example(frame))), frame)
    for octets in malformed(frame):
        with pytest.raises(BadFrame):
            decode_from_client(octets)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("octets", NO_FRAMES, ids=range(len(NO_FRAMES)))
async def test_row_16_what_is_no_frame_closes_the_socket_before_and_after_hello(relay: Standing, octets: bytes) -> None:
    relay.begin()
    async with a_client(relay.running.port) as stranger:
        await stranger.socket.send(octets)
        assert (await stranger.next(Refusal)).code == "bad_frame" or len(octets) > 8 * 1024
        assert await stranger.close_code() in {4400, 1009}
    async with signed_in(relay.running.port, SecretSigningKey(b"h" * 32)) as (signed, _):
        await signed.socket.send(octets)
        assert (await signed.next(Refusal)).code == "bad_frame"
        assert await signed.close_code() == 4400
    await relay.holds()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "frame", [Follow(ref=1, conversation=TALK, after=0), Acknowledge(conversation=TALK, seq=1)], ids=["follow", "ack"]
)
async def test_row_17_a_frame_before_hello_closes_the_socket(relay: Standing, frame: Frame) -> None:
    relay.begin()
    async with a_client(relay.running.port) as stranger:
        await stranger.send(frame)
        assert (await stranger.next(Refusal)).code == "wrong_phase"
        assert await stranger.close_code() == 4400
    await relay.holds()


def posted(store: Store, number: int = 1) -> int:
    return store.commit(post_envelope, a_post(number), NOW).seq


def test_row_18_one_number_a_thousand_times_is_one_row_also_after_a_restart(tmp_path: Path) -> None:
    store = open_store(tmp_path / "sotto.db")
    store.commit(open_it, a_conversation(), NOW)
    assert {posted(store) for _ in range(1_000)} == {1}
    store.close()
    store = open_store(tmp_path / "sotto.db")
    assert {posted(store) for _ in range(10)} == {1}
    found = store.read(look, TALK, NOW)
    assert found is not None
    assert found.head == 1
    store.close()


@pytest.mark.parametrize("seq", [4, 10_000, 2**53 - 1], ids=["the next", "a later", "the last that can be written"])
def test_row_19_what_does_not_exist_is_not_acknowledged_and_moves_no_cursor(tmp_path: Path, seq: int) -> None:
    store = open_store(tmp_path / "sotto.db")
    store.commit(open_it, a_conversation(), NOW)
    for number in (1, 2, 3):
        posted(store, number)
    store.commit(acknowledge, an_ack(2), NOW)
    before = store.read(look, TALK, NOW)
    with pytest.raises(OutOfOrder):
        store.commit(acknowledge, an_ack(seq), NOW)
    store.commit(acknowledge, an_ack(1), NOW)
    with pytest.raises(NotFound):
        store.commit(acknowledge, an_ack(1, name=type(TALK)(b"another-one-here")), NOW)
    assert store.read(look, TALK, NOW) == before
    store.close()


def test_row_19_a_negative_cursor_is_no_frame() -> None:
    with pytest.raises(BadFrame):
        decode_from_client(pack(["ack", bytes(16), -1]))
