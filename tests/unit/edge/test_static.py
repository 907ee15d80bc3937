from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sotto_server.edge.static import kept_releases, load_programs, sri
from sotto_server.faults import ConfigFault

if TYPE_CHECKING:
    from pathlib import Path


def built(web: Path, version: str, *, loader: bytes = b"loader", app: bytes = b"app") -> Path:
    folder = web / "w" / version
    folder.mkdir(parents=True)
    (folder / "loader.js").write_bytes(loader)
    (folder / "app.js").write_bytes(app)
    return web


def test_a_release_stays_served_after_the_next_one_came(tmp_path: Path) -> None:
    kept = tmp_path / "bundles"
    load_programs(built(tmp_path / "one", "1.0.0"), kept)
    programs = load_programs(built(tmp_path / "two", "1.1.0", loader=b"new"), kept)
    assert programs.bundles["1.0.0", "loader.js"].content == b"loader"
    assert programs.bundles["1.1.0", "loader.js"].content == b"new"


def test_a_release_never_changes_its_bytes(tmp_path: Path) -> None:
    kept = tmp_path / "bundles"
    load_programs(built(tmp_path / "one", "1.0.0"), kept)
    with pytest.raises(ConfigFault, match=r"1\.0\.0"):
        load_programs(built(tmp_path / "two", "1.0.0", app=b"other"), kept)


def test_hashes_are_those_of_what_is_served(tmp_path: Path) -> None:
    kept = tmp_path / "bundles"
    load_programs(built(tmp_path / "one", "1.0.0"), kept)
    assert [(each.version, each.loader_sri) for each in kept_releases(kept)] == [("1.0.0", sri(b"loader"))]


def test_only_known_kinds_of_files_are_served_as_console(tmp_path: Path) -> None:
    web = built(tmp_path / "one", "1.0.0")
    (web / "console" / "assets").mkdir(parents=True)
    (web / "console" / "index.html").write_text("<!doctype html>")
    (web / "console" / "assets" / "a.js").write_text("1")
    (web / "console" / "notes.sh").write_text("1")
    assert set(load_programs(web, tmp_path / "bundles").console) == {"index.html", "assets/a.js"}


def test_without_a_build_nothing_new_is_served(tmp_path: Path) -> None:
    programs = load_programs(None, tmp_path / "bundles")
    assert (programs.bundles, programs.console) == ({}, {})
