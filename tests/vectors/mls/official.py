"""The official RFC 9420 vectors, read from beside the checkout; they are not part of this project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, cast

import pytest

FOLDER: Final = Path(__file__).parents[4] / "shared" / "mls-vectors"
SUITE: Final = 3

Vector = dict[str, "Value"]
Value = str | int | None | list["Value"] | Vector


def vectors(name: str, *, suite: int | None = SUITE) -> list[Vector]:
    """The vectors of a file for our suite, or all of them; skips with a reason where the file is absent."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        pytest.skip(f"official MLS vectors not found beside the checkout: ../shared/mls-vectors/{name}.json")
    every = cast("list[Vector]", json.loads(path.read_text()))
    chosen = [each for each in every if suite is None or each["cipher_suite"] == suite]
    assert chosen, "a file without a vector for us tests nothing"
    return chosen


def text(vector: Vector, key: str) -> str:
    """A string."""
    value = vector[key]
    assert isinstance(value, str)
    return value


def raw(vector: Vector, key: str) -> bytes:
    """Bytes written as hex."""
    return bytes.fromhex(text(vector, key))


def number(vector: Vector, key: str) -> int:
    """An integer."""
    value = vector[key]
    assert isinstance(value, int)
    return value


def inner(vector: Vector, key: str) -> Vector:
    """An object."""
    return cast("Vector", vector[key])


def objects(vector: Vector, key: str) -> list[Vector]:
    """A list of objects."""
    return cast("list[Vector]", vector[key])


def items(vector: Vector, key: str) -> list[Value]:
    """A list of anything."""
    return cast("list[Value]", vector[key])
