"""Extensions and required capabilities (RFC 9420 §7.2, §11.1): who must support what. Their contents are bytes here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from sotto_keys.shared.mls.codec import (
    Reader,
    opaque,
    read_uint16,
    read_whole,
    uint16,
    uint16_vector,
    vector,
)
from sotto_keys.shared.untrusted import Malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

APPLICATION_ID: Final = 0x0001
RATCHET_TREE: Final = 0x0002
REQUIRED_CAPABILITIES: Final = 0x0003
EXTERNAL_PUB: Final = 0x0004
EXTERNAL_SENDERS: Final = 0x0005
LAST_RESORT: Final = 0x000A
GROUP_TERMS: Final = 0xF5A0
"""Sotto's own group-context extension, in the private range."""

SUPPORTED_BY_ALL: Final = frozenset(range(APPLICATION_ID, EXTERNAL_SENDERS + 1))
"""The types that §7.2 forbids to list because everybody supports them."""


@dataclass(frozen=True, slots=True)
class Extension:
    """A type and its content, of any meaning."""

    kind: int
    content: bytes

    def encode(self) -> bytes:
        """`Extension`."""
        return uint16(self.kind) + opaque(self.content)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`Extension`."""
        return cls(reader.uint16(), reader.opaque())


Extensions = tuple[Extension, ...]


def encode_extensions(extensions: Sequence[Extension]) -> bytes:
    """`Extension extensions<V>`."""
    return vector(each.encode() for each in extensions)


def read_extensions(reader: Reader) -> Extensions:
    """`Extension extensions<V>`; a type that stands twice is refused (§13.4)."""
    extensions = reader.vector(Extension.read)
    if len({each.kind for each in extensions}) != len(extensions):
        raise Malformed("an extension type stands twice")
    return extensions


def find_extension(extensions: Sequence[Extension], kind: int) -> bytes | None:
    """The content of the extension of this type, if it is there."""
    return next((each.content for each in extensions if each.kind == kind), None)


@dataclass(frozen=True, slots=True)
class RequiredCapabilities:
    """What every member must list: types of extensions, proposals and credentials."""

    extensions: tuple[int, ...] = ()
    proposals: tuple[int, ...] = ()
    credentials: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """`RequiredCapabilities`."""
        return uint16_vector(self.extensions) + uint16_vector(self.proposals) + uint16_vector(self.credentials)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`RequiredCapabilities`."""
        return cls(reader.vector(read_uint16), reader.vector(read_uint16), reader.vector(read_uint16))


def required_capabilities(extensions: Sequence[Extension]) -> RequiredCapabilities:
    """What the group context demands; nothing when the extension is absent. Refuses with `Malformed`."""
    content = find_extension(extensions, REQUIRED_CAPABILITIES)
    return RequiredCapabilities() if content is None else read_whole(content, RequiredCapabilities.read)
