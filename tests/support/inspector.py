"""One screen of a real program under axe: light and dark, wide and at phone widths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from tests.support.accessibility import violations

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page, ViewportSize

Scheme = Literal["light", "dark"]
LOOKS: Final[tuple[tuple[Scheme, ViewportSize], ...]] = (
    ("light", {"width": 360, "height": 640}),
    ("dark", {"width": 320, "height": 568}),
    ("dark", {"width": 1280, "height": 800}),
)
TOO_WIDE: Final = "document.documentElement.scrollWidth > innerWidth"


class Inspector:
    """Looks at one screen in every way, and leaves it as it was."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: dict[str, list[str]] = {}

    def look(self, screen: str, *, inside: bool = False) -> None:
        before = self.page.viewport_size
        for scheme, size in LOOKS:
            # Without motion, because a colour half-way through its transition is nobody's choice.
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self.page.set_viewport_size(size)
            place: Page | Frame = self.page.frames[-1] if inside else self.page
            found = violations(place)
            if place.evaluate(TOO_WIDE):
                found.append("wider than its window")
            if found:
                self.found[f"{screen}, {scheme}, {size['width']} px"] = found
        assert before is not None
        self.page.set_viewport_size(before)
