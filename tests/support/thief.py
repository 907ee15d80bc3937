"""Somebody who would like to be sent things: serves whatever is asked for, to anybody, and notes every connection and request."""

from __future__ import annotations

import http.server
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha384
from typing import Final

CONNECTED: Final = "a connection"
SCRIPT: Final = b"export {}\n"
INTEGRITY: Final = f"sha384-{b64encode(sha384(SCRIPT).digest()).decode()}"


@dataclass
class Thief:
    """`got` holds a word for each connection and the path of each request."""

    got: list[str] = field(default_factory=list)

    def handler(self, *args: object) -> http.server.BaseHTTPRequestHandler:
        thief = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def setup(self) -> None:
                thief.got.append(CONNECTED)
                super().setup()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                thief.got.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/javascript")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
                self.send_header("Content-Length", str(len(SCRIPT)))
                self.end_headers()
                self.wfile.write(SCRIPT)

            do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - http.server's names

        return Handler(*args)  # type: ignore[arg-type]  # the three arguments of socketserver, passed through
