"""The house keeps its own rules of order: folders, lengths, openings, words of change."""

from __future__ import annotations

import ast
import re
from typing import Final

from tests.house.tracked import ROOT, name, python_sources, texts, tracked, web_sources

LONGEST_MODULE: Final = 350
LONGEST_FUNCTION: Final = 40
# Modules that are longer on purpose, each with its reason.
MAY_BE_LONGER: Final = {
    "server/sotto_server/adapters/migrations/versions/0001_the_spine.py": "one list of tables, and nothing is released yet",
    "client_web/src/keys/mls/library.ts": "the one file that sees the MLS library; splitting it would make two",
    "wire/sotto_wire/frames.py": "one table of every frame, read from top to bottom like the page it is",
}


def test_every_top_folder_says_what_lives_in_it() -> None:
    folders = {name(path).split("/")[0] for path in tracked() if "/" in name(path) and not name(path).startswith(".")}
    assert [folder for folder in sorted(folders) if not (ROOT / folder / "README.md").is_file()] == []


def test_no_module_is_longer_than_a_reader_holds() -> None:
    written = [path for path in web_sources() if path.suffix != ".css" and "generated" not in path.parts]
    sources = (*python_sources(), *written, ROOT / "dev.py", ROOT / "tests" / "gates.py")
    lengths = {name(path): len(path.read_text().splitlines()) for path in sources}
    assert {
        path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE and path not in MAY_BE_LONGER
    } == {}


def test_a_reason_to_be_longer_is_about_a_module_that_is() -> None:
    stale = [path for path in MAY_BE_LONGER if len((ROOT / path).read_text().splitlines()) <= LONGEST_MODULE]
    assert stale == []


def test_no_function_is_longer_than_a_screen() -> None:
    found = {
        f"{name(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in python_sources()
        if "migrations" not in path.parts  # a revision is a list of tables
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }
    assert {where: lines for where, lines in found.items() if lines > LONGEST_FUNCTION} == {}


def test_an_init_file_is_empty_outside_the_sdk() -> None:
    inits = [path for path in python_sources() if path.name == "__init__.py" and "sotto_client" not in path.parts]
    assert [name(path) for path in inits if path.read_text().strip()] == []


def test_a_todo_carries_an_issue_number() -> None:
    sources = (*python_sources(), *web_sources())
    loose = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))")
    assert [name(path) for path in sources if loose.search(path.read_text())] == []


def test_what_is_not_yet_released_has_its_place_in_the_changelog() -> None:
    assert re.search(r"^## Unreleased$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_licence_is_apache_2() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()


def test_the_abandoned_redis_client_is_not_imported() -> None:
    # Merged into redis-py; does not import on Python 3.11 (duplicate base class TimeoutError).
    dead = re.compile(r"^\s*(?:import|from)\s+aioredis\b", re.MULTILINE)
    assert [name(path) for path in texts() if path.suffix == ".py" and dead.search(path.read_text())] == []
