"""Row 53: a database that is not what it was is refused at the start with words, or is whole; it is never silently empty."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.relay_people import NOW, TALK, a_conversation, a_post, look, open_it

from sotto_server.adapters.store.store import open_store
from sotto_server.adapters.store.wholeness import ADVICE, check_before_start
from sotto_server.faults import StoreFault
from sotto_server.usecases.post_envelope import post_envelope

if TYPE_CHECKING:
    from collections.abc import Callable

POSTS: Final = 20
FEW: Final = 3
PAGE: Final = 4096
CHECKOUT: Final = Path(__file__).parents[2]
KILLED: Final = """
import os, sys
from pathlib import Path
from tests.support.relay_people import NOW, TALK, a_conversation, a_post, open_it
from sotto_server.adapters.store.store import open_store
from sotto_server.usecases.post_envelope import post_envelope
open_store(Path(sys.argv[1])).close()
store = open_store(Path(sys.argv[1]))
store.commit(open_it, a_conversation(), NOW)
for number in range(1, int(sys.argv[2]) + 1):
    store.commit(post_envelope, a_post(number), NOW)
os._exit(9)
"""


def killed(folder: Path, *, posts: int) -> Path:
    """The database as a process leaves it that is killed after so many acknowledged messages: with its log and its index."""
    folder.mkdir()
    path = os.pathsep.join(str(CHECKOUT / each) for each in (".", "wire", "keys", "server"))
    file = folder / "sotto.db"
    argv = (sys.executable, "-c", KILLED, str(file), str(posts))
    ended = subprocess.run(argv, check=False, env={**os.environ, "PYTHONPATH": path})
    assert ended.returncode == 9
    return file


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return killed(tmp_path_factory.mktemp("row53") / "left", posts=POSTS)


@pytest.fixture
def file(left: Path, tmp_path: Path) -> Path:
    """A copy of it, for one test to damage."""
    return Path(shutil.copytree(left.parent, tmp_path / "relay")) / left.name


def beside(file: Path, end: str) -> Path:
    return file.with_name(file.name + end)


def head(file: Path) -> int | None:
    """The number of the last message, as a relay that starts finds it."""
    check_before_start(file)
    store = open_store(file)
    try:
        found = store.read(look, TALK, NOW)
        return None if found is None else found.head
    finally:
        store.close()


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


def test_row_53_after_a_kill_everything_acknowledged_is_there(file: Path) -> None:
    assert head(file) == POSTS


def test_row_53_a_deleted_index_is_built_again(file: Path) -> None:
    beside(file, "-shm").unlink()
    assert head(file) == POSTS


def test_row_53_the_log_of_another_database_is_refused_and_nothing_is_touched(file: Path, tmp_path: Path) -> None:
    other = killed(tmp_path / "other", posts=FEW)
    shutil.copy(beside(other, "-wal"), beside(file, "-wal"))
    beside(file, "-shm").unlink()
    before = bytes_of(file.parent)
    with pytest.raises(StoreFault, match="another database"):
        check_before_start(file)
    with pytest.raises(StoreFault, match="another database"):
        open_store(file)
    assert bytes_of(file.parent) == before


@pytest.mark.parametrize("kept", [0, 99, 2 * PAGE])
def test_row_53_a_database_that_lost_its_end_is_refused_not_begun_again(file: Path, kept: int) -> None:
    open_store(file).close()
    with file.open("r+b") as opened:
        opened.truncate(kept)
    with pytest.raises(StoreFault) as refused:
        check_before_start(file)
    assert ADVICE in str(refused.value)


def test_row_53_a_database_without_tables_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sotto.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreFault, match="no tables"):
        check_before_start(file)


def test_row_53_a_log_that_lost_its_end_leaves_a_whole_beginning(file: Path) -> None:
    """A log cut short looks as after a power cut: what is left is whole and in order, and never nothing."""
    log = beside(file, "-wal")
    with log.open("r+b") as opened:
        opened.truncate(log.stat().st_size - PAGE // 2)
    found = head(file)
    assert found is not None
    assert 0 < found <= POSTS


def _rows(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def test_row_53_a_torn_page_is_refused_or_held_nothing(file: Path) -> None:
    open_store(file).close()
    whole, rows, noise = file.read_bytes(), _rows(file), random.Random(53)  # noqa: S311 - a repeatable tear, no secret
    refused = 0
    for start in range(0, len(whole), PAGE):
        torn = bytearray(whole)
        torn[start + (100 if start == 0 else 0) : start + PAGE] = noise.randbytes(PAGE - (100 if start == 0 else 0))
        file.write_bytes(torn)
        try:
            check_before_start(file)
        except StoreFault:
            refused += 1
        else:
            assert _rows(file) == rows, f"page {start // PAGE + 1}"
    # The search can fail: most pages hold something.
    assert refused > len(whole) // PAGE // 2


def _half(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2 // PAGE * PAGE)


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(b""), _half], ids=["emptied", "halved"])
def test_row_53_sotto_run_says_what_to_do(file: Path, damage: Callable[[Path], object]) -> None:
    open_store(file).close()
    damage(file)
    path = os.pathsep.join(str(CHECKOUT / each) for each in ("wire", "keys", "server", "cli"))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SOTTO_")}
    ended = subprocess.run(
        (sys.executable, "-m", "sotto_cli.main", "run", "--data", str(file.parent)),
        check=False,
        capture_output=True,
        text=True,
        env={**environ, "PYTHONPATH": path},
    )
    assert ended.returncode == 2
    assert "Put back a copy of the whole data directory" in " ".join(ended.stderr.split())


def test_two_databases_have_two_names(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    open_store(other).close()
    open_store(file).close()
    assert file.read_bytes()[68:72] != other.read_bytes()[68:72]


def test_an_opened_database_takes_its_own_log(file: Path) -> None:
    store = open_store(file)
    store.commit(post_envelope, a_post(POSTS + 1), NOW)
    second = open_store(file)
    found = second.read(look, TALK, NOW)
    second.close()
    store.close()
    assert found is not None
    assert found.head == POSTS + 1


def test_a_new_database_is_opened_while_its_maker_still_has_it(tmp_path: Path) -> None:
    file = tmp_path / "sotto.db"
    store = open_store(file)
    store.commit(open_it, a_conversation(), NOW)
    open_store(file).close()
    store.close()
    assert head(file) == 0
