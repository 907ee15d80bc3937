"""What the hostile-page suite needs of a browser, and no more, so that three engines can each offer it. No assertions."""

from __future__ import annotations

import time
from typing import Final, Protocol

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

PATIENCE_S: Final = 30.0
LOOK_EVERY_S: Final = 0.05

PAGE: Final = 0
WALL: Final = 1
APP: Final = 2
"""How many frames down: the host's page, the wall in it, the app in that."""

KEYS: Final = {"\n": "\ue007"}
"""Characters that are keys, in WebDriver's numbering."""

WAY_IN: Final = "(document.querySelector('sotto-chat')?.shadowRoot ?? document).querySelector('iframe')"
"""The next frame down, from the document above it."""


class EngineFault(Exception):  # noqa: N818 - the house names roots of failure by what they are
    """The browser did not do what the driver asked: the frame is gone, the script threw, the program ended."""


class Tab(Protocol):
    """One page and the frames inside it."""

    def goto(self, url: str) -> None: ...
    def reload(self) -> None: ...
    def url(self) -> str: ...
    def close(self) -> None: ...

    def run(self, function: str, *args: Json, depth: int = PAGE) -> Json:
        """What the JavaScript function returns or resolves to in the frame that is `depth` down; `EngineFault` if it throws."""

    def type(self, text: str, *, into: str, depth: int = APP) -> None:
        """As a keyboard would, into the element that the selector names; a line feed is the Enter key."""


class Engine(Protocol):
    """A browser with a profile. What its tabs store is there again after `restart` where `keeps_profile`."""

    @property
    def name(self) -> str: ...
    @property
    def keeps_profile(self) -> bool: ...
    def tab(self) -> Tab: ...
    def restart(self) -> None: ...
    def close(self) -> None: ...


def as_json(function: str) -> str:
    """The function, taking its arguments as one list and giving its result as text: the same crossing for every driver."""
    return f"async (given) => JSON.stringify((await ({function})(...given)) ?? null)"


def wait_until(tab: Tab, condition: str, *args: Json, depth: int = PAGE, within_s: float = PATIENCE_S) -> None:
    """Until the expression is truthy; it may use `given`. A frame that is not there yet counts as false."""
    deadline = time.monotonic() + within_s
    fault: EngineFault | None = None
    while time.monotonic() < deadline:
        try:
            if tab.run(f"async (...given) => Boolean({condition})", *args, depth=depth):
                return
        except EngineFault as missing:
            fault = missing
        time.sleep(LOOK_EVERY_S)
    raise AssertionError(f"never: {condition}") from fault
