"""A shop and a place that serves the widget's bundles, on two origins, for browser tests. Its session needs no relay."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Playwright

WEB: Final = Path(__file__).resolve().parents[2] / "client_web"
DEMO: Final = WEB / "demo"
PREVIEW: Final = "test/ui/previewSession.ts"
FLAGS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NONCE: Final = "bm9uY2U"


def node(*args: str) -> None:
    """Run one of the web build's programs; its words are shown when it fails."""
    program = shutil.which("node")
    assert program is not None, "node is not on PATH: run the tests through dev.py"
    done = subprocess.run([program, *args], cwd=WEB, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def launch(play: Playwright) -> Browser:
    """The Chromium `dev.py` found."""
    return play.chromium.launch(executable_path=chromium_program(), args=chromium_flags())


@contextmanager
def chromium() -> Iterator[Browser]:
    """As `launch`, for a program that needs Playwright for nothing else."""
    with sync_playwright() as play, launch(play) as browser:
        yield browser


def chromium_program() -> str | None:
    return os.environ.get("CHROME_PATH") or shutil.which("chromium")


def chromium_flags() -> list[str]:
    return [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, without a line for each request."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: Callable[..., http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """An origin on a free port of this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving_folder(folder: Path) -> Iterator[str]:
    with serving(functools.partial(_Quiet, directory=folder)) as origin:
        yield origin


@dataclass
class Bundles:
    """Serves what the build made, remembers what was asked for, and can change one byte of a file."""

    folder: Path
    asked: list[str] = field(default_factory=list)
    tampered: str = ""

    def handler(self, *args: object) -> http.server.BaseHTTPRequestHandler:
        bundles = self

        class Handler(_Quiet):
            def do_GET(self) -> None:
                bundles.asked.append(self.path)
                file = bundles.folder / self.path.lstrip("/").partition("?")[0]
                if not file.is_file():
                    self.send_error(404)
                    return
                content = file.read_bytes()
                if bundles.tampered and file.name == bundles.tampered:
                    content = content.replace(b"const", b"const ", 1) + b"\n"
                self.send_response(200)
                self.send_header("Content-Type", "text/javascript")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler(*args)  # type: ignore[arg-type]  # the three arguments of socketserver, passed through

    def snippet(self, origin: str, *, nonce: bool = False) -> str:
        release = json.loads((self.folder / "releases.json").read_text("utf-8"))
        return (
            f'<script type="module" src="{origin}/w/{release["version"]}/loader.js" integrity="{release["loader_sri"]}"'
            f' crossorigin="anonymous" data-root="{"a" * 52}" data-site="shop" data-desk="support"'
            f' data-contact="mailto:help@kettle.example"{f" nonce={NONCE}" if nonce else ""}></script>'
        )


@dataclass
class Shop:
    """The demo shop with the snippet put in and the policy a test wants."""

    page: str
    policy: str = ""

    def handler(self, *args: object) -> http.server.BaseHTTPRequestHandler:
        shop = self

        class Handler(_Quiet):
            def do_GET(self) -> None:
                content = shop.page.encode() if self.path.partition("?")[0] == "/" else self._file()
                self.send_response(200)
                kind = {".css": "text/css", ".svg": "image/svg+xml"}.get(Path(self.path).suffix, "text/html")
                self.send_header("Content-Type", kind)
                if shop.policy:
                    self.send_header("Content-Security-Policy", shop.policy)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _file(self) -> bytes:
                file = DEMO / Path(self.path).name
                return file.read_bytes() if file.is_file() else b""

        return Handler(*args)  # type: ignore[arg-type]  # as above

    @staticmethod
    def with_snippet(snippet: str) -> str:
        return (DEMO / "index.html").read_text("utf-8").replace("<!--sotto:snippet-->", snippet)


def recommended_policy(relay: str) -> str:
    """The line that `demo/csp.txt` prints for this relay."""
    return (
        (DEMO / "csp.txt").read_text("utf-8").strip().format(relay=relay, relay_socket=relay.replace("http", "ws", 1))
    )
