"""The TLS presentation language as MLS uses it (RFC 9420 §2.1): reading and writing bytes. No structure of MLS is known here.

Every value has exactly one encoding: a length that is not minimal, an optional flag other than 0 or 1, and bytes left over are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from sotto_keys.shared.untrusted import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

ONE_BYTE_BELOW: Final = 1 << 6
TWO_BYTES_BELOW: Final = 1 << 14
FOUR_BYTES_BELOW: Final = 1 << 30
RESERVED_PREFIX: Final = 3


def uint8(number: int) -> bytes:
    """One byte."""
    return number.to_bytes(1, "big")


def uint16(number: int) -> bytes:
    """Two bytes, big-endian."""
    return number.to_bytes(2, "big")


def uint32(number: int) -> bytes:
    """Four bytes, big-endian."""
    return number.to_bytes(4, "big")


def uint64(number: int) -> bytes:
    """Eight bytes, big-endian."""
    return number.to_bytes(8, "big")


def length_prefix(length: int) -> bytes:
    """The variable-size length of RFC 9420 §2.1.2, in its shortest form; `length` is below 2^30."""
    if length < ONE_BYTE_BELOW:
        return uint8(length)
    if length < TWO_BYTES_BELOW:
        return uint16(length | 1 << 14)
    if length < FOUR_BYTES_BELOW:
        return uint32(length | 2 << 30)
    raise ValueError("a vector of MLS is shorter than 2^30 bytes")


def opaque(content: bytes) -> bytes:
    """`opaque content<V>`."""
    return length_prefix(len(content)) + content


def vector(items: Iterable[bytes]) -> bytes:
    """`T items<V>` of items already encoded."""
    return opaque(b"".join(items))


def optional(encoded: bytes | None) -> bytes:
    """`optional<T>` of a value already encoded."""
    return b"\x00" if encoded is None else b"\x01" + encoded


class Reader:
    """A position in bytes that came from elsewhere. Every method refuses with `Malformed` when they are not there."""

    __slots__ = ("_at", "_content", "_end")

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._end = len(content)

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        stop = self._at + count
        if stop > self._end:
            raise Malformed("it ends too early")
        taken = self._content[self._at : stop]
        self._at = stop
        return taken

    def uint8(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def uint16(self) -> int:
        """Two bytes, big-endian."""
        return int.from_bytes(self.take(2), "big")

    def uint32(self) -> int:
        """Four bytes, big-endian."""
        return int.from_bytes(self.take(4), "big")

    def uint64(self) -> int:
        """Eight bytes, big-endian."""
        return int.from_bytes(self.take(8), "big")

    def length(self) -> int:
        """The variable-size length of §2.1.2; refuses one that is longer than it must be."""
        first = self.uint8()
        prefix, length = first >> 6, first & 0x3F
        if prefix == RESERVED_PREFIX:
            raise Malformed("a length with the reserved prefix")
        for byte in self.take((1 << prefix) - 1):
            length = length << 8 | byte
        if prefix and length < (ONE_BYTE_BELOW, TWO_BYTES_BELOW)[prefix - 1]:
            raise Malformed("a length in a longer form than it needs")
        return length

    def opaque(self) -> bytes:
        """`opaque content<V>`."""
        return self.take(self.length())

    def vector(self, read: Callable[[Reader], T]) -> tuple[T, ...]:
        """`T items<V>`, each read by `read`, which must consume something."""
        inner = Reader(self.opaque())
        items: list[T] = []
        while not inner.is_done():
            items.append(read(inner))
        return tuple(items)

    def optional(self, read: Callable[[Reader], T]) -> T | None:
        """`optional<T>`."""
        flag = self.uint8()
        if flag > 1:
            raise Malformed("an optional that is neither absent nor present")
        return read(self) if flag else None

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self._end - self._at)

    def is_done(self) -> bool:
        """Whether every byte was read."""
        return self._at == self._end


def read_whole(content: bytes, read: Callable[[Reader], T]) -> T:
    """What `read` makes of `content`; refuses with `Malformed` when bytes are left over."""
    reader = Reader(content)
    value = read(reader)
    if not reader.is_done():
        raise Malformed("bytes are left over")
    return value


def read_uint16(reader: Reader) -> int:
    """One `uint16`, as a reader function for vectors."""
    return reader.uint16()


def read_uint32(reader: Reader) -> int:
    """One `uint32`, as a reader function for vectors."""
    return reader.uint32()


def uint16_vector(numbers: Iterable[int]) -> bytes:
    """`uint16 numbers<V>`."""
    return vector(uint16(each) for each in numbers)
