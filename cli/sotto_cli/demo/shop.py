"""The demo shop: a static page on an origin of its own, with the real snippet and the strict policy that `sotto snippet` recommends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from pathlib import Path

SNIPPET_MARK: Final = "<!--sotto:snippet-->"
TYPES: Final = {".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}


def shop_app(folder: Path, *, snippet: str, policy: str) -> web.Application:
    """Serves the shop's files; `policy` is its Content-Security-Policy."""
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert SNIPPET_MARK in page
    page = page.replace(SNIPPET_MARK, snippet)
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in {".css", ".svg"}}
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }

    async def home(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def file(request: web.Request) -> web.Response:
        body = files.get(request.match_info["name"])
        if body is None:
            raise web.HTTPNotFound
        kind = TYPES["." + request.match_info["name"].rsplit(".", 1)[1]]
        return web.Response(body=body, content_type=kind, headers=headers)

    app = web.Application()
    app.add_routes([web.get("/", home), web.get("/{name}", file)])
    return app
