"""Tests of earlier.py: what opens at the newcomer and what does not. The cases are `tests/vectors/earlier.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.vectors.make_earlier_vectors import EARLIER, PLACE, VECTORS, as_text

from sotto_keys.device.earlier import open_at
from sotto_keys.device.mls.hpke import key_pair
from sotto_keys.device.payload import Shared
from sotto_keys.shared.untrusted import Malformed, Unreadable
from sotto_wire.codec import decode_claims

if TYPE_CHECKING:
    from sotto_keys.device.payload import Earlier

WRITTEN: Final[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))


def opened(case: dict[str, str]) -> Earlier:
    own = key_pair(bytes.fromhex(WRITTEN["private"]))
    return open_at(PLACE, own, shared=decode_claims(bytes.fromhex(case["shared"]), Shared))


@pytest.mark.parametrize("case", WRITTEN["cases"], ids=lambda case: str(case["name"]))
def test_it_opens_at_its_place_and_nothing_else_does(case: dict[str, str]) -> None:
    if case["expect"] == "opens":
        assert opened(case) == EARLIER
        return
    with pytest.raises(Malformed if case["expect"] == "malformed" else Unreadable):
        opened(case)


def test_the_file_is_what_its_maker_writes() -> None:
    assert VECTORS.read_text("utf-8") == as_text(), "run tests/vectors/make_earlier_vectors.py"
