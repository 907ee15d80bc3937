"""RFC 6455 framing rules that are ours to keep: what a client's bytes must look like, and the frames we write.

aiohttp's reader takes unmasked client frames and has one size limit for the life of a socket; this guard looks at frame
headers alone, first, and lets only lawful frames through. Payloads pass untouched.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

PROTOCOL_ERROR: Final = 1002
TOO_BIG: Final = 1009
TOO_FAST: Final = 4429

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
_OPCODES: Final = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, 0x9, 0xA})
_FIN: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
_CONTROL_BYTES: Final = 125
_HEADER_BYTES: Final = 14
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127

WINDOW_S: Final = 10.0
FRAMES_PER_WINDOW: Final = 12_000
"""Frames of any kind: the session does not count `ack`, and a ping costs us a pong. A phone that wakes to a full mailbox of
10,000 may acknowledge each in its first seconds, and write as well; 100,000 pings a second may not."""


class WireViolation(Exception):  # noqa: N818 - the word says what happened on the wire
    """Bytes no lawful client sends; `code` is the WebSocket close code to answer with."""

    def __init__(self, code: int, inside: str) -> None:
        super().__init__(inside)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Header:
    first: int
    length: int

    @property
    def opcode(self) -> int:
        return self.first & 0x0F

    @property
    def is_final(self) -> bool:
        return bool(self.first & _FIN)

    @property
    def is_control(self) -> bool:
        return self.opcode >= CLOSE


def _header_bytes(second: int) -> int:
    return 6 + {_LENGTH_16: 2, _LENGTH_64: 8}.get(second & 0x7F, 0)


def _parse_header(octets: bytes | bytearray) -> _Header:
    short = octets[1] & 0x7F
    if short < _LENGTH_16:
        return _Header(octets[0], short)
    length, least = (
        (int.from_bytes(octets[2:4], "big"), _LENGTH_16)
        if short == _LENGTH_16
        else (int.from_bytes(octets[2:10], "big"), 1 << 16)
    )
    if length < least:  # RFC 6455 section 5.2: "the minimal number of bytes MUST be used"
        raise WireViolation(PROTOCOL_ERROR, "length")
    return _Header(octets[0], length)


class FrameGuard:
    """Watches the client's half of one socket. Feed it every byte in order, before anyone else; it raises `WireViolation`."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        """Most bytes of one message, fragments together. The session raises it at sign-in."""
        self._frames_left = FRAMES_PER_WINDOW
        self._window_ends = float("-inf")
        self._header = bytearray()
        self._skip = 0
        self._in_message = False
        self._message_bytes = 0

    def feed(self, octets: bytes, now_s: float) -> None:
        """Check the frame headers in `octets`; `now_s` is any clock that does not go back."""
        if now_s >= self._window_ends:
            self._frames_left, self._window_ends = FRAMES_PER_WINDOW, now_s + WINDOW_S
        at = 0
        while at < len(octets):
            if self._skip:
                step = min(self._skip, len(octets) - at)
                self._skip -= step
            else:
                step = self._feed_header(octets[at : at + _HEADER_BYTES])
            at += step

    def _feed_header(self, octets: bytes) -> int:
        had = len(self._header)
        self._header += octets
        self._must_be_masked()
        if len(self._header) < 2 or len(self._header) < (need := _header_bytes(self._header[1])):  # noqa: PLR2004
            return len(octets)
        header = _parse_header(self._header)
        self._header.clear()
        self._judge(header)
        self._skip = header.length
        return need - had

    def _must_be_masked(self) -> None:
        # RFC 6455 section 5.1: without the mask a page could make a proxy in between read its bytes as HTTP.
        if len(self._header) > 1 and not self._header[1] & _MASKED:
            raise WireViolation(PROTOCOL_ERROR, "unmasked")

    def _judge(self, header: _Header) -> None:
        self._frames_left -= 1
        if self._frames_left < 0:
            raise WireViolation(TOO_FAST, "frames")
        if header.first & _RESERVED or header.opcode not in _OPCODES:
            raise WireViolation(PROTOCOL_ERROR, "reserved bits or opcode")
        if header.is_control:
            self._judge_control(header)
        else:
            self._judge_part(header)

    @staticmethod
    def _judge_control(header: _Header) -> None:
        if not header.is_final or header.length > _CONTROL_BYTES:
            raise WireViolation(PROTOCOL_ERROR, "control frame")

    def _judge_part(self, header: _Header) -> None:
        if (header.opcode == CONTINUATION) != self._in_message:
            raise WireViolation(PROTOCOL_ERROR, "fragments")
        self._message_bytes += header.length
        if self._message_bytes > self.limit_bytes:
            raise WireViolation(TOO_BIG, "message")
        self._in_message = not header.is_final
        if header.is_final:
            self._message_bytes = 0


def binary_frame(payload: bytes) -> bytes:
    """One whole unmasked binary frame, as a server writes it."""
    length = len(payload)
    if length < _LENGTH_16:
        return struct.pack("!BB", _FIN | BINARY, length) + payload
    if length < 1 << 16:
        return struct.pack("!BBH", _FIN | BINARY, _LENGTH_16, length) + payload
    return struct.pack("!BBQ", _FIN | BINARY, _LENGTH_64, length) + payload


def close_frame(code: int) -> bytes:
    """A close frame with `code` and no reason: a reason would tell a stranger more than the code does."""
    return struct.pack("!BBH", _FIN | CLOSE, 2, code)
