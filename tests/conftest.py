"""What every test folder shares: who may open sockets, and which browsers `dev.py test` asked for. No fixtures of one room."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Final, NoReturn

import pytest
from hypothesis import settings

# No test asserts how fast a machine is: a busy one would fail it.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

TESTS: Final = Path(__file__).resolve().parent
LOOPBACK: Final = ["127.0.0.1", "::1", "localhost"]
MAY_CONNECT: Final = {"edge", "threats", "scenario", "browser", "faults"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--browsers", choices=("chromium", "all", "none"), default="chromium", help="engines for tests/browser"
    )


def pytest_sessionstart() -> None:
    signal.signal(signal.SIGTERM, _stop)


def _stop(*_: object) -> NoReturn:
    """As Ctrl-C: fixtures end what they started. Python's own answer to SIGTERM runs none of them."""
    raise KeyboardInterrupt


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _room(item) in MAY_CONNECT:
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
    # Playwright's loop stays on this thread once a browser has started, and no other test could run one of its own.
    items.sort(key=lambda item: _room(item) == "browser")


def _room(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
