"""The generated files are what the contract says now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from sotto_wire import claims, codec
from sotto_wire.refusals import BadFrame
from sotto_wire.typegen import Room, structs_file

if TYPE_CHECKING:
    from types import ModuleType


def _contract() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "contract_files", Path(__file__).parents[2] / "vectors" / "contract.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CONTRACT = _contract()


def test_no_generated_file_has_drifted_from_the_structs() -> None:
    drifted = [path.name for path, text in CONTRACT.files().items() if path.read_text(encoding="utf-8") != text]
    assert drifted == [], "run tests/vectors/write_contract.py"


@pytest.mark.parametrize("vector", CONTRACT.vectors()["good"], ids=lambda vector: vector["name"])
def test_every_frame_of_the_vectors_is_read_by_one_of_the_two_ends(vector: dict[str, str]) -> None:
    octets = bytes.fromhex(vector["hex"])
    ends = [
        frame for frame in (_read(codec.decode_from_client, octets), _read(codec.decode_from_relay, octets)) if frame
    ]
    assert [type(frame).__name__ for frame in ends] == [vector["name"]]
    assert msgspec.msgpack.encode(ends[0]) == octets


@pytest.mark.parametrize("vector", CONTRACT.vectors()["bad"], ids=lambda vector: vector["why"])
def test_a_bad_frame_is_refused_by_both_ends(vector: dict[str, str]) -> None:
    octets = bytes.fromhex(vector["hex"])
    assert _read(codec.decode_from_client, octets) is None
    assert _read(codec.decode_from_relay, octets) is None


def test_a_kind_the_generator_does_not_know_is_not_guessed() -> None:
    class Odd(msgspec.Struct, array_like=True):
        share: float

    with pytest.raises(TypeError):
        structs_file(Room(structs=(Odd,), unions={}, imports={}))


def test_only_what_a_room_refers_to_is_imported() -> None:
    class Pair(msgspec.Struct, array_like=True, tag="pair"):
        first: claims.Signed
        second: list[claims.Signed] | None

    text = structs_file(Room(structs=(Pair,), unions={}, imports={"./claims": (claims.Signed, claims.HelloClaims)}))
    assert "import { SIGNED, type Signed } from './claims'" in text
    assert "HelloClaims" not in text


def _read(decode: object, octets: bytes) -> object | None:
    assert callable(decode)
    try:
        frame: object = decode(octets)
    except BadFrame:
        return None
    return frame
