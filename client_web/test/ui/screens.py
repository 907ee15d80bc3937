"""Pictures of every widget screen and axe over each: `python client_web/test/ui/screens.py OUT`, after `vite build -c vite.gallery.config.ts`.

Exits 1 when axe finds a violation or a screen is wider than its window.
"""

from __future__ import annotations

import functools
import http.server
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Page

CLIENT_WEB = Path(__file__).resolve().parents[2]
GALLERY = CLIENT_WEB / "test-results" / "gallery"
AXE = CLIENT_WEB / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = ((360, 560), (320, 480))
SUBS = ("chat-active&sub=roster", "chat-active&sub=identity", "chat-active&sub=end", "chat-waiting&sub=roster", "chat-long&sub=roster")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class named it
        """Say nothing."""


def findings(page: Page) -> list[str]:
    """What axe finds on the page, and whether anything sticks out sideways."""
    page.evaluate(AXE.read_text("utf-8"))
    result = page.evaluate("axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})")
    found = [f"{v['id']}: {[n['html'][:120] for n in v['nodes']]}" for v in result["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("wider than its window")
    return found


def look(out: Path) -> int:
    """Visit every screen in both schemes and sizes."""
    out.mkdir(parents=True, exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=GALLERY))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/gallery.html"
    bad = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page()
        page.goto(base)
        views = page.evaluate("document.documentElement.dataset.views").split() + list(SUBS)
        for scheme in ("light", "dark"):
            for width, height in SIZES:
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                for view in views:
                    page.goto(f"{base}?view={view}")
                    name = view.replace("&sub=", "-")
                    page.screenshot(path=out / f"{name}-{scheme}-{width}.png")
                    for finding in findings(page):
                        bad += 1
                        sys.stdout.write(f"{name} {scheme} {width}: {finding}\n")
                page.close()
    server.shutdown()
    sys.stdout.write(f"{bad} findings\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(look(Path(sys.argv[1])))
