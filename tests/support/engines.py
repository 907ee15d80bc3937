"""Which program plays which engine: Debian's Firefox and WebKitGTK where they are installed, else Playwright's builds of them."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

from tests.support.demo_town import free_port
from tests.support.engine_firefox import PROGRAMS, Firefox
from tests.support.engine_playwright import PlaywrightEngine
from tests.support.engine_webkit import WebKit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Playwright
    from tests.support.engine_port import Engine

EngineName = Literal["chromium", "firefox", "webkit"]
ENGINES: Final[tuple[EngineName, ...]] = ("chromium", "firefox", "webkit")


@contextmanager
def started(name: EngineName, *, play: Playwright, folder: Path) -> Iterator[Engine]:
    """The engine until the end of the block."""
    engine = _start(name, play=play, profile=folder / "profile")
    try:
        yield engine
    finally:
        engine.close()


def _start(name: EngineName, *, play: Playwright, profile: Path) -> Engine:
    if name == "firefox" and any(map(shutil.which, PROGRAMS)):
        return Firefox(profile)
    if name == "webkit" and shutil.which("WebKitWebDriver"):
        return WebKit(free_port())
    kinds = {"chromium": play.chromium, "firefox": play.firefox, "webkit": play.webkit}
    return PlaywrightEngine(kinds[name], profile)
