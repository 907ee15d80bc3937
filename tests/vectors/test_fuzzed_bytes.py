"""A seeded thousand of changed bytes at every door; `sotto_bench.fuzz` sends many more."""

from __future__ import annotations

import random
import sys

import pytest
from click.testing import CliRunner
from tests.support.fuzz_doors import DOOR_NAMES, doors
from tests.support.mutations import mutated

from sotto_bench.fuzz import fuzz

MANY = 1_000


@pytest.mark.parametrize("name", DOOR_NAMES)
def test_changed_bytes_are_read_or_refused_in_our_own_words(name: str) -> None:
    door, dice = doors()[name], random.Random(name)  # noqa: S311 - a test that failed must fail again
    assert all(door.takes(seed) for seed in door.seeds), "what is true is taken"
    taken = sum(door.takes(mutated(dice.choice(door.seeds), dice)) for _ in range(MANY))
    assert taken < MANY


def test_no_door_is_without_its_name() -> None:
    assert tuple(doors()) == DOOR_NAMES


def test_without_its_fuzzer_the_guided_run_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "atheris", None)  # as where nobody installed it
    said = CliRunner().invoke(fuzz, ["--guided"])
    assert said.exit_code == 1
    assert 'pip install "atheris>=3,<4"' in said.output
