from __future__ import annotations

import pytest

from sotto_keys.shared.mls.codec import Reader, length_prefix, opaque, optional, read_uint16, read_whole, uint16_vector
from sotto_keys.shared.untrusted import Malformed


@pytest.mark.parametrize("length", [0, 1, 63, 64, 16_383, 16_384, (1 << 30) - 1])
def test_a_length_is_read_back_from_its_prefix(length: int) -> None:
    reader = Reader(length_prefix(length))
    assert reader.length() == length
    assert reader.is_done()


def test_a_vector_of_a_gigabyte_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="2\\^30"):
        length_prefix(1 << 30)


@pytest.mark.parametrize(
    "prefix", ["4000", "403f", "80000000", "80003fff", "c000000000000000", "40", "800001", ""], ids=str
)
def test_a_length_that_is_not_in_its_one_form_is_refused(prefix: str) -> None:
    with pytest.raises(Malformed):
        Reader(bytes.fromhex(prefix)).length()


def test_bytes_left_over_are_refused() -> None:
    with pytest.raises(Malformed):
        read_whole(opaque(b"all") + b"more", Reader.opaque)


def test_bytes_left_over_inside_a_vector_are_refused() -> None:
    with pytest.raises(Malformed):
        read_whole(opaque(b"\x00\x01\x02"), lambda reader: reader.vector(read_uint16))


def test_an_optional_is_absent_or_present_and_nothing_else() -> None:
    assert read_whole(optional(None), lambda reader: reader.optional(Reader.uint8)) is None
    assert read_whole(optional(b"\x07"), lambda reader: reader.optional(Reader.uint8)) == 7
    with pytest.raises(Malformed):
        read_whole(b"\x02\x07", lambda reader: reader.optional(Reader.uint8))


def test_a_list_of_numbers_is_read_back() -> None:
    assert read_whole(uint16_vector([1, 0xF5A0]), lambda reader: reader.vector(read_uint16)) == (1, 0xF5A0)
