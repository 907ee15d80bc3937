"""Playwright's browsers behind the engines' port: Chromium always, its own Firefox and WebKit where the machine has none."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from playwright.sync_api import Error
from tests.support.engine_port import APP, PAGE, EngineFault, as_json
from tests.support.widget_shop import chromium_flags, chromium_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, BrowserType, Frame, Page, ViewportSize
    from tests.support.engine_port import Json

PATIENCE_MS: Final = 30_000
WIDE: Final[ViewportSize] = {"width": 1100, "height": 760}


@dataclass
class PlaywrightTab:
    """A Playwright page."""

    page: Page

    def goto(self, url: str) -> None:
        self._do(lambda: self.page.goto(url))

    def reload(self) -> None:
        self._do(self.page.reload)

    def url(self) -> str:
        return self.page.url

    def close(self) -> None:
        # Not waited for: after a page that moved its own top away, the browser may never say that it is done.
        self.page.close(run_before_unload=True)

    def run(self, function: str, *args: Json, depth: int = PAGE) -> Json:
        answer: Json = json.loads(str(self._do(lambda: self._frame(depth).evaluate(as_json(function), list(args)))))
        return answer

    def type(self, text: str, *, into: str, depth: int = APP) -> None:
        target = self._frame(depth).locator(into)
        for line in text.splitlines(keepends=True):
            self._do(lambda: target.press_sequentially(line.rstrip("\n")))  # noqa: B023 - done at once
            if line.endswith("\n"):
                self._do(lambda: target.press("Enter"))

    def _frame(self, depth: int) -> Frame:
        frame = self.page.main_frame
        frame.evaluate("0")  # Playwright learns of new frames only while it is asked something
        for _ in range(depth):
            if not frame.child_frames:
                raise EngineFault("no frame there")
            frame = frame.child_frames[0]
        return frame

    @staticmethod
    def _do(act: Callable[[], object]) -> object:
        try:
            return act()
        except Error as error:
            raise EngineFault(error.message) from error


@dataclass
class PlaywrightEngine:
    """One persistent profile of the browser that Playwright calls by this name."""

    keeps_profile: ClassVar[bool] = True

    kind: BrowserType
    profile: Path
    context: BrowserContext = field(init=False)

    def __post_init__(self) -> None:
        self.context = self._launch()
        self.context.set_default_timeout(PATIENCE_MS)

    @property
    def name(self) -> str:
        return self.kind.name

    def tab(self) -> PlaywrightTab:
        return PlaywrightTab(self.context.new_page())

    def restart(self) -> None:
        self.close()
        self.context = self._launch()

    def close(self) -> None:
        self.context.close()

    def _launch(self) -> BrowserContext:
        if self.name != "chromium":
            return self.kind.launch_persistent_context(self.profile, viewport=WIDE)
        program, flags = chromium_program(), chromium_flags()
        return self.kind.launch_persistent_context(self.profile, executable_path=program, args=flags, viewport=WIDE)
