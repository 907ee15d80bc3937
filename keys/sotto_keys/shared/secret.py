"""Types for what must not be printed, and the two things that sign. Nothing here reads or stores a secret."""

from __future__ import annotations

from typing import Final, Protocol

from nacl.signing import SigningKey

from sotto_wire.ids import DeviceKey

_MASK: Final = "‹secret›"


class SecretBytes:
    """Bytes that stay out of logs, tracebacks and `repr`; `reveal()` is easy to search for."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def reveal(self) -> bytes:
        return self._octets

    def __repr__(self) -> str:
        return _MASK


class SecretText:
    """A passphrase or password."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return _MASK


class Signer(Protocol):
    """Signs with one Ed25519 key, wherever that key lives."""

    @property
    def public(self) -> DeviceKey:
        """The public key, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes: the Ed25519 signature over `message`."""
        ...


class SecretSigningKey:
    """An Ed25519 key in memory (RFC 8032), from its 32-byte seed."""

    __slots__ = ("_key",)

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)

    @property
    def public(self) -> DeviceKey:
        return DeviceKey(bytes(self._key.verify_key))

    def sign(self, message: bytes) -> bytes:
        return bytes(self._key.sign(message).signature)

    def reveal_seed(self) -> bytes:
        return bytes(self._key)

    def __repr__(self) -> str:
        return _MASK
