"""The files that are or would be committed, for the house's own tests. No rule lives here."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = (
    "wire/sotto_wire",
    "keys/sotto_keys",
    "server/sotto_server",
    "cli/sotto_cli",
    "client_py/sotto_client",
)
WEB_ROOMS: Final = ("loader", "frame", "console", "src", "demo")
BINARY: Final = {".png", ".ico", ".woff2", ".bin", ".gz", ".db"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file git knows or would add."""
    git = shutil.which("git")
    assert git, "git is needed to know which files are ours"
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def name(path: Path) -> str:
    """As people write it: from the top of the checkout."""
    return path.relative_to(ROOT).as_posix()


def texts() -> tuple[Path, ...]:
    """The tracked files that are text."""
    return tuple(path for path in tracked() if path.suffix not in BINARY)


def python_sources() -> tuple[Path, ...]:
    """Our Python that runs in production."""
    return tuple(path for path in tracked() if path.suffix == ".py" and name(path).startswith(PACKAGES))


def web_sources() -> tuple[Path, ...]:
    """Our TypeScript that runs in a browser."""
    rooms = tuple(f"client_web/{room}/" for room in WEB_ROOMS)
    return tuple(path for path in tracked() if path.suffix in {".ts", ".tsx", ".css"} and name(path).startswith(rooms))
