"""What the relay holds of one conversation: its rows as they lie there, for the customer whom they are about."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

SHOWN_BYTES: Final = 64
"""Keys, digests and names are shown whole; longer octets (ciphertext, signed statements) by digest and size."""


@dataclass(frozen=True, slots=True)
class HeldTable:
    """Some rows of one table. `columns` are pairs of a name and what it is for; values stand in their order."""

    name: str
    about: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class Holdings:
    """A page of the rows, and how many there are in all."""

    tables: tuple[HeldTable, ...]
    total: int


def shown(value: object) -> str:
    """A stored value as text: numbers in decimal, octets in hexadecimal or as digest and size, nothing as nothing."""
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case bytes():
            return (
                value.hex() if len(value) <= SHOWN_BYTES else f"sha256:{sha256(value).hexdigest()}, {len(value)} bytes"
            )
        case _:
            return str(value)
