from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto_server.edge.framing import FRAMES_PER_WINDOW, WINDOW_S, FrameGuard, WireViolation, binary_frame, close_frame

LIMIT = 1000


def frame(payload: bytes = b"", *, first: int = 0x82, masked: bool = True) -> bytes:
    mask_bit = 0x80 if masked else 0
    size = len(payload)
    if size < 126:
        head = bytes([first, mask_bit | size])
    elif size < 1 << 16:
        head = bytes([first, mask_bit | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, mask_bit | 127]) + size.to_bytes(8, "big")
    return head + (b"\0\0\0\0" if masked else b"") + payload


def code_of(octets: bytes, *, limit: int = LIMIT) -> int | None:
    try:
        FrameGuard(limit).feed(octets, 0.0)
    except WireViolation as violation:
        return violation.code
    return None


@given(st.lists(st.binary(max_size=400), max_size=6), st.integers(1, 40))
def test_lawful_frames_pass_however_they_are_cut(payloads: list[bytes], step: int) -> None:
    guard = FrameGuard(LIMIT)
    octets = b"".join(frame(each) for each in payloads)
    for at in range(0, len(octets), step):
        guard.feed(octets[at : at + step], 0.0)


@given(st.binary(max_size=200), st.integers(1, 7))
def test_noise_is_refused_or_awaited_and_never_breaks_the_guard(octets: bytes, step: int) -> None:
    guard = FrameGuard(LIMIT)
    refused: set[int] = set()
    for at in range(0, len(octets), step):
        try:
            guard.feed(octets[at : at + step], 0.0)
        except WireViolation as violation:
            refused.add(violation.code)
            break
    assert refused <= {1002, 1009, 4429}


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (frame(b"x", masked=False), 1002),
        (frame(b"x", first=0xC2), 1002),
        (frame(b"x", first=0xA2), 1002),
        (frame(b"x", first=0x92), 1002),
        *((frame(b"", first=0x80 | opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
        (frame(b"x", first=0x80), 1002),
        (frame(b"x", first=0x02) + frame(b"y", first=0x82), 1002),
        (frame(b"", first=0x02) + frame(b"y", first=0x82), 1002),
        (frame(b"", first=0x09), 1002),
        (frame(b"x" * 126, first=0x89), 1002),
        (b"\x82\xfe\x00\x05", None),
        (b"\x82\xfe\x00\x05\0\0\0\0", 1002),
        (b"\x82\xff" + (1 << 30).to_bytes(8, "big") + b"\0\0\0\0", 1009),
        (b"\x82\xff" + (1 << 63).to_bytes(8, "big") + b"\0\0\0\0", 1009),
        (frame(b"x" * LIMIT), None),
        (frame(b"x" * (LIMIT + 1)), 1009),
        (frame(b"x" * LIMIT, first=0x02) + frame(b"x", first=0x80), 1009),
        (frame(b"x", first=0x02) + frame(b"", first=0x89) + frame(b"y", first=0x80), None),
    ],
)
def test_what_breaks_the_framing_is_refused_with_its_close_code(octets: bytes, code: int | None) -> None:
    assert code_of(octets) == code


def test_the_limit_counts_one_message_not_the_socket() -> None:
    guard = FrameGuard(LIMIT)
    for _ in range(3):
        guard.feed(frame(b"x" * LIMIT), 0.0)


def test_a_flood_of_frames_is_refused_until_the_window_has_passed() -> None:
    guard = FrameGuard(LIMIT)
    guard.feed(frame(first=0x89) * FRAMES_PER_WINDOW, 0.0)
    guard.feed(frame(first=0x89), WINDOW_S)
    with pytest.raises(WireViolation) as caught:
        guard.feed(frame(first=0x89) * FRAMES_PER_WINDOW, WINDOW_S + 1)
    assert caught.value.code == 4429


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_a_written_frame_states_its_length_in_the_shortest_form(size: int) -> None:
    octets = binary_frame(b"x" * size)
    header = octets[: len(octets) - size]
    assert header[0] == 0x82
    assert len(header) == (2 if size < 126 else 4 if size < 65536 else 10)
    assert int.from_bytes(header[2:] or header[1:], "big") == size


def test_a_close_frame_carries_its_code_and_no_reason() -> None:
    assert close_frame(4401) == b"\x88\x02" + (4401).to_bytes(2, "big")
