"""The catalogue of bad inputs names tests that exist, and every number has its row."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Final, get_args

import pytest
from tests.threats.catalogue import CATALOGUE
from tests.threats.test_matrix import SAY
from tests.threats.test_matrix_http import ANSWERS

from sotto_server.edge.http.routes import ROUTES
from sotto_wire.frames import FromClient

CHECKOUT: Final = Path(__file__).parents[2]
NUMBERS: Final = range(1, 67)
"""Framing, protocol, authorisation, storage and process; content and the browser are counted beside their own suites."""


@cache
def parsed(file: str) -> tuple[frozenset[str], str]:
    """The tests of a file, and its text."""
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(each.name for each in ast.walk(ast.parse(text)) if isinstance(each, functions)), text


@pytest.mark.parametrize("number", CATALOGUE)
def test_what_a_row_names_exists(number: int) -> None:
    for named in CATALOGUE[number].tests:
        file, _, test = named.partition("::")
        name, _, parameter = test.rstrip("]").partition("[")
        tests, text = parsed(file)
        assert name in tests, f"{named} is gone"
        assert not parameter or f'"{parameter}' in text, f"no parameter of {file} begins with {parameter!r}"


def test_every_number_is_held_or_waits_for_what_is_not_there_yet() -> None:
    assert set(NUMBERS) <= set(CATALOGUE)
    assert [number for number, row in CATALOGUE.items() if not row.tests and not row.waits_for] == []


def test_no_frame_and_no_address_is_left_out_of_the_matrix() -> None:
    """Whoever adds one says who may ask it: `tests/threats/test_matrix.py`, `test_matrix_http.py`."""
    assert set(SAY) == set(get_args(FromClient))
    assert set(ANSWERS) == {(route.method, route.path) for route in ROUTES}
