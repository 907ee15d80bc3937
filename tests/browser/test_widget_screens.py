"""Every screen of the widget, in both schemes and at phone widths, under axe. SOTTO_PICTURES=<folder> takes pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.widget_shop import WEB, node, serving_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

AXE: Final = WEB / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
SUB_PAGES: Final = (
    "chat-active&sub=roster",
    "chat-active&sub=identity",
    "chat-active&sub=end",
    "chat-privacy&sub=privacy",
    "chat-longer&sub=privacy",
    "notice&sub=privacy",
    "chat-waiting&sub=roster",
)
SIZES: Final = ((360, 560), (320, 480))


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gallery")
    node(
        "node_modules/vite/bin/vite.js",
        "build",
        "-c",
        "vite.gallery.config.ts",
        "--logLevel",
        "error",
        "--outDir",
        str(folder),
    )
    with serving_folder(folder) as origin:
        yield f"{origin}/gallery.html"


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(f"axe.run(document, {RULES})")["violations"]
    return [f"{rule['id']}: {[node['html'][:160] for node in rule['nodes']]}" for rule in found]


def views(page: Page, gallery: str) -> list[str]:
    page.goto(gallery)
    known = page.evaluate("document.documentElement.dataset.views").split()
    assert len(known) > 20
    return [*known, *SUB_PAGES]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}px")
def test_no_screen_breaks_an_accessibility_rule_or_its_window(
    browser: Browser, gallery: str, scheme: str, size: tuple[int, int]
) -> None:
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if scheme == "dark" else "light"
    )
    found: dict[str, list[str]] = {}
    for view in views(page, gallery):
        page.goto(f"{gallery}?view={view}")
        if pictures := os.environ.get("SOTTO_PICTURES"):
            page.screenshot(path=Path(pictures) / f"{view.replace('&sub=', '-')}-{scheme}-{size[0]}.png")
        found[view] = violations(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[view].append("wider than its window")
    page.close()
    assert {view: what for view, what in found.items() if what} == {}


def test_in_forced_colours_every_button_keeps_a_border(browser: Browser, gallery: str) -> None:
    page = browser.new_page(forced_colors="active")
    page.goto(f"{gallery}?view=notice")
    for button in page.get_by_role("button").all():
        width = button.evaluate("element => getComputedStyle(element).borderTopWidth")
        if button.inner_text() in {"Start chat", "Not now"}:
            assert float(width.removesuffix("px")) >= 1
    page.close()


def test_every_target_is_large_enough_for_a_thumb(browser: Browser, gallery: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 560})
    small: list[str] = []
    for view in ("notice", "chat-long", "chat-closed", "stopped-another_tab", *SUB_PAGES):
        page.goto(f"{gallery}?view={view}")
        for button in page.get_by_role("button").all():
            box = button.bounding_box()
            if box is not None and (box["height"] < 44 or box["width"] < 44):
                small.append(f"{view}: {button.inner_text()!r} {box['width']:.0f}x{box['height']:.0f}")
    page.close()
    assert small == []
