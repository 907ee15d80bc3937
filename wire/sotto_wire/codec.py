"""Frames and claims to bytes and back. Whatever cannot be read is a `BadFrame`, never another exception."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from sotto_wire.frames import Frame, FromClient, FromRelay
from sotto_wire.refusals import BadFrame

SUBPROTOCOL: Final = "sotto.1"
T = TypeVar("T", bound=msgspec.Struct)

_encoder: Final = msgspec.msgpack.Encoder()
_from_client: Final[msgspec.msgpack.Decoder[FromClient]] = msgspec.msgpack.Decoder(FromClient)
_from_relay: Final[msgspec.msgpack.Decoder[FromRelay]] = msgspec.msgpack.Decoder(FromRelay)
# An invalid UTF-8 string raises UnicodeDecodeError, deep nesting RecursionError; neither is a msgspec.DecodeError.
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)


def encode(frame: Frame) -> bytes:
    """The one encoding of a frame."""
    return _encoder.encode(frame)


def decode_from_client(octets: bytes) -> FromClient:
    """A frame a client may send, or `BadFrame`."""
    try:
        return _from_client.decode(octets)
    except _UNREADABLE as error:
        raise BadFrame(type(error).__name__) from None


def decode_from_relay(octets: bytes) -> FromRelay:
    """A frame the relay may send, or `BadFrame`."""
    try:
        return _from_relay.decode(octets)
    except _UNREADABLE as error:
        raise BadFrame(type(error).__name__) from None


def encode_claims(claims: msgspec.Struct) -> bytes:
    """The bytes that get signed or bound into a group."""
    return _encoder.encode(claims)


def decode_claims(octets: bytes, shape: type[T]) -> T:
    """Claims in their one encoding, or `BadFrame`: two encodings of one meaning would be two digests of one decision."""
    try:
        claims = msgspec.msgpack.decode(octets, type=shape)
    except _UNREADABLE as error:
        raise BadFrame(type(error).__name__) from None
    if _encoder.encode(claims) != octets:
        raise BadFrame("not the one encoding")
    return claims
