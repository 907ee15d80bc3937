"""axe-core in a page or a frame of it, and the rules our screens are held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.support.widget_shop import WEB

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

AXE: Final = WEB / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], iframes: false}"


def violations(place: Page | Frame) -> list[str]:
    """Rule and markup of each violation, frames inside not counted."""
    place.evaluate(f"() => {{ if (!globalThis.axe) {{ {AXE.read_text('utf-8')} }} }}")
    found = place.evaluate(f"axe.run(document, {RULES})")["violations"]
    return [f"{rule['id']}: {[node['html'][:160] for node in rule['nodes']]}" for rule in found]
