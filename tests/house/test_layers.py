"""The import contracts hold, and so do the few rules that import-linter cannot say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.house.tracked import ROOT, name, python_sources, web_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

PURE_ROOMS: Final = ("sotto_server.domain", "sotto_server.usecases", "sotto_server.session")
EGRESS: Final = "server/sotto_server/adapters/egress.py"
DIALLERS: Final = {
    "ClientSession",
    "open_connection",
    "create_connection",
    "open_unix_connection",
    "urlopen",
    "HTTPConnection",
    "HTTPSConnection",
    "SMTP",
    "SMTP_SSL",
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def names_used(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    said = subprocess.run([linter, "--no-logo"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout


def test_the_wire_needs_only_msgspec_and_the_standard_library() -> None:
    allowed = {*sys.stdlib_module_names, "msgspec", "sotto_wire"}
    found = {(name(path), each) for path in python_sources() if "sotto_wire" in path.parts for each in imported(path)}
    assert {(path, each) for path, each in found if each.split(".")[0] not in allowed} == set()


def test_the_relay_opens_outgoing_connections_in_one_place() -> None:
    relay = [path for path in python_sources() if name(path).startswith("server/") and name(path) != EGRESS]
    assert [(name(path), each) for path in relay for each in names_used(path) if each in DIALLERS] == []


def test_every_pure_room_is_under_the_contract_against_io() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    sources = next(each["source_modules"] for each in contracts if each["id"] == "middle-no-io")
    present = [room for room in PURE_ROOMS if list((ROOT / "server").glob(f"{room.replace('.', '/')}*"))]
    assert set(present) <= set(sources)


def test_what_the_browser_shows_knows_neither_keys_nor_sessions() -> None:
    reaching = re.compile(r"""from\s+['"](?:\.\./)+(?:keys|session)/""")
    shown = [path for path in web_sources() if name(path).startswith("client_web/src/ui/")]
    assert [name(path) for path in shown if reaching.search(path.read_text())] == []


def test_what_the_browser_decides_does_not_touch_the_page() -> None:
    page = re.compile(r"\b(?:document|window|globalThis|localStorage|indexedDB|fetch|WebSocket)[.(\[]")
    deciding = [path for path in web_sources() if name(path).startswith("client_web/src/core/")]
    assert [name(path) for path in deciding if page.search(path.read_text())] == []
