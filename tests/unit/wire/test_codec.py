"""Tests of codec.py: round trips, fuzz, and what is refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto_wire.claims import CommitNote, DecisionClaims, GroupTerms, HelloClaims, Signed, WelcomeBundle
from sotto_wire.codec import (
    SUBPROTOCOL,
    decode_claims,
    decode_from_client,
    decode_from_relay,
    encode,
    encode_claims,
)
from sotto_wire.frames import Acknowledge, Done, FromClient, Post
from sotto_wire.refusals import BadFrame

CLAIMS = (Signed, HelloClaims, DecisionClaims, GroupTerms, CommitNote, WelcomeBundle)
POST = Post(ref=1, conversation=bytes(16), group=1, epoch=0, number=1, message=b"x")


def test_the_subprotocol_names_its_version() -> None:
    assert SUBPROTOCOL == "sotto.1"


def test_a_frame_reads_back_on_its_own_side_only() -> None:
    assert decode_from_client(encode(POST)) == POST
    assert decode_from_relay(encode(Done(ref=3))) == Done(ref=3)
    with pytest.raises(BadFrame):
        decode_from_relay(encode(POST))
    with pytest.raises(BadFrame):
        decode_from_client(encode(Done(ref=3)))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\xc0",
        b"\x80",
        b"\x90",
        b"\x91\xa3ack",
        b"\x91\xa4post",
        b"\x93\xa3ack\xc4\x10" + bytes(16) + b"\xff",
        encode(POST) + b"\x00",
        encode(POST)[:-1],
        b"\x92\xa4\xff\xff\xff\xff\x01",
        b"\x91" * 100_000,
        b"\xc7\x01\x05\x00",
        b"\x94\xa3ack\xc4\x10" + bytes(16) + b"\x01\x01",
    ],
)
def test_bytes_that_are_no_frame_are_a_bad_frame(octets: bytes) -> None:
    for decode in (decode_from_client, decode_from_relay):
        with pytest.raises(BadFrame):
            decode(octets)


@pytest.mark.parametrize(
    "frame",
    [
        Acknowledge(conversation=bytes(15), seq=0),
        Acknowledge(conversation=bytes(16), seq=-1),
        Acknowledge(conversation=bytes(16), seq=2**53),
        Acknowledge(conversation=bytes(16), seq=2**64 - 1),
        msgspec.structs.replace(POST, ref=0),
        msgspec.structs.replace(POST, ref=2**32),
        msgspec.structs.replace(POST, group=0),
        msgspec.structs.replace(POST, number=0),
        msgspec.structs.replace(POST, message=b""),
        msgspec.structs.replace(POST, message=bytes(64 * 1024 + 1)),
    ],
)
def test_a_field_out_of_range_is_a_bad_frame(frame: FromClient) -> None:
    with pytest.raises(BadFrame):
        decode_from_client(encode(frame))


@given(st.binary(max_size=200))
def test_garbage_is_a_bad_frame_and_nothing_else(octets: bytes) -> None:
    for decode in (decode_from_client, decode_from_relay):
        with pytest.raises(BadFrame):
            decode(octets)


@given(st.data())
def test_a_mutated_frame_is_another_frame_or_a_bad_one(data: st.DataObject) -> None:
    octets = bytearray(encode(POST))
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode_from_client(bytes(octets))
    except BadFrame:
        return


@given(st.binary(max_size=120), st.sampled_from(CLAIMS))
def test_garbage_is_no_claim(octets: bytes, shape: type[msgspec.Struct]) -> None:
    try:
        claims = decode_claims(octets, shape)
    except BadFrame:
        return
    assert encode_claims(claims) == octets


def test_claims_have_one_encoding() -> None:
    note = CommitNote(committed_at=1, relies_on=None, decision=None, trust_version=None)
    octets = encode_claims(note)
    assert decode_claims(octets, CommitNote) == note
    longer = b"\x95\xcc\x01" + octets[2:]
    assert msgspec.msgpack.decode(longer, type=CommitNote) == note
    without_the_last = b"\x94" + octets[1:-1]
    assert msgspec.msgpack.decode(without_the_last, type=CommitNote) == note
    for other in (longer, without_the_last, octets + b"\xc0", b"\xdc\x00\x05" + octets[1:]):
        with pytest.raises(BadFrame):
            decode_claims(other, CommitNote)


@pytest.mark.parametrize("name", ["Shop", "shop\n", "", "-shop", "s" * 65, "sh op", "shöp"])
def test_a_name_for_machines_is_plain(name: str) -> None:
    terms = GroupTerms(
        version=1,
        root=bytes(32),
        site=name,
        desk="d",
        customer_key=bytes(32),
        recovery_key=None,
        policy_digest=bytes(32),
        chain=[],
        standing=[bytes(32)],
    )
    with pytest.raises(BadFrame):
        decode_claims(encode_claims(terms), GroupTerms)


def test_the_session_in_a_hello_is_not_printed() -> None:
    claims = HelloClaims(
        site="console",
        origin="https://relay.example",
        connection="c",
        nonce=bytes(32),
        role="agent",
        device=bytes(32),
        session="a token that opens the door",
        build="test",
    )
    assert "token" not in repr(claims)
