"""Names of pre-shared keys (RFC 9420 §8.4). Sotto uses none; they are read so that the official vectors can be followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from sotto_keys.shared.mls.codec import Reader, opaque, uint8, uint64
from sotto_keys.shared.untrusted import Malformed

EXTERNAL: Final = 1
RESUMPTION: Final = 2
USAGES: Final = frozenset({1, 2, 3})
"""application, reinit, branch"""


@dataclass(frozen=True, slots=True)
class ExternalPsk:
    """A key agreed outside MLS."""

    psk_id: bytes

    def encode(self) -> bytes:
        """The external arm of `PreSharedKeyID`, with its type."""
        return uint8(EXTERNAL) + opaque(self.psk_id)


@dataclass(frozen=True, slots=True)
class ResumptionPsk:
    """A key of an epoch of some group."""

    usage: int
    group_id: bytes
    epoch: int

    def encode(self) -> bytes:
        """The resumption arm of `PreSharedKeyID`, with its type."""
        return uint8(RESUMPTION) + uint8(self.usage) + opaque(self.group_id) + uint64(self.epoch)


@dataclass(frozen=True, slots=True)
class PskId:
    """One use of a pre-shared key."""

    source: ExternalPsk | ResumptionPsk
    nonce: bytes

    def encode(self) -> bytes:
        """`PreSharedKeyID`."""
        return self.source.encode() + opaque(self.nonce)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`PreSharedKeyID`."""
        kind = reader.uint8()
        if kind == EXTERNAL:
            return cls(ExternalPsk(reader.opaque()), reader.opaque())
        if kind != RESUMPTION:
            raise Malformed("a pre-shared key of unknown type")
        source = ResumptionPsk(reader.uint8(), reader.opaque(), reader.uint64())
        if source.usage not in USAGES:
            raise Malformed("a resumption key of unknown use")
        return cls(source, reader.opaque())
