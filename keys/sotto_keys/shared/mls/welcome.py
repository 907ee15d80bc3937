"""The outside of a Welcome (RFC 9420 §12.4.3.1): for whom it is. What it holds is opened in `sotto_keys.device`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from sotto_keys.shared.mls.codec import Reader, opaque, read_whole, uint16, vector
from sotto_keys.shared.mls.commit import HpkeCiphertext
from sotto_keys.shared.mls.leaf_node import MLS10
from sotto_keys.shared.untrusted import Malformed

WIRE_FORMAT: Final = 3
"""`mls_welcome` in an MLSMessage."""


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    """The group secrets for one newcomer."""

    newcomer: bytes
    """`KeyPackageRef`, 32 bytes."""
    sealed: HpkeCiphertext

    def encode(self) -> bytes:
        """`EncryptedGroupSecrets`."""
        return opaque(self.newcomer) + self.sealed.encode()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`EncryptedGroupSecrets`."""
        return cls(reader.opaque(), HpkeCiphertext.read(reader))


@dataclass(frozen=True, slots=True)
class Welcome:
    """An invitation for the newcomers of one commit."""

    cipher_suite: int
    secrets: tuple[SealedSecrets, ...]
    sealed_group_info: bytes

    def encode(self) -> bytes:
        """`Welcome`."""
        return (
            uint16(self.cipher_suite) + vector(each.encode() for each in self.secrets) + opaque(self.sealed_group_info)
        )

    def to_message(self) -> bytes:
        """The MLSMessage that carries it."""
        return uint16(MLS10) + uint16(WIRE_FORMAT) + self.encode()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`Welcome`."""
        return cls(reader.uint16(), reader.vector(SealedSecrets.read), reader.opaque())


def read_welcome_message(reader: Reader) -> Welcome:
    """MLSMessage with a Welcome."""
    if (reader.uint16(), reader.uint16()) != (MLS10, WIRE_FORMAT):
        raise Malformed("not an MLSMessage with a Welcome")
    return Welcome.read(reader)


def parse_welcome(message: bytes) -> Welcome:
    """A Welcome out of its MLSMessage; refuses with `Malformed`."""
    return read_whole(message, read_welcome_message)
