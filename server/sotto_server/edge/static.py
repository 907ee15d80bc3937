"""The built programs we serve: every release of the widget by version, and the console. Read once at start, never from disk by request.

A page pins a release by its hash for as long as its snippet is not edited, so a release that was served once is kept in
the data directory and never replaced; nothing here deletes one.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import web

from sotto_keys.shared import strict_json
from sotto_keys.shared.trust import Release
from sotto_server.faults import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BUNDLES: Final = ("loader.js", "app.js")
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,63}")
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".woff2": "font/woff2",
}
_WORTH_PACKING_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is and packed. Packing is safe here: the bytes are public, so their length tells nothing."""

    content: bytes = field(repr=False)
    media_type: str
    packed: bytes | None = field(repr=False)
    tag: str

    def answer(self, request: web.Request) -> web.Response:
        """The file; 304 where the asker has it already."""
        headers = {"Content-Type": self.media_type, "ETag": f'"{self.tag}"', "Vary": "Accept-Encoding"}
        if f'"{self.tag}"' in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers={"ETag": headers["ETag"]})
        if self.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=self.packed, headers=headers | {"Content-Encoding": "gzip"})
        return web.Response(body=self.content, headers=headers)


def asset(content: bytes, media_type: str) -> Asset:
    """`content`, ready to be served."""
    packed = gzip.compress(content, mtime=0) if len(content) >= _WORTH_PACKING_BYTES else None
    return Asset(content, media_type, packed, hashlib.sha256(content).hexdigest()[:32])


def sri(content: bytes) -> str:
    """The `integrity` value of a file."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


@dataclass(frozen=True, slots=True)
class Programs:
    """All that is served as code."""

    bundles: Mapping[tuple[str, str], Asset]
    console: Mapping[str, Asset]


def keep_releases(web_dir: Path, kept: Path) -> None:
    """Copy the build's releases to those already kept; `ConfigFault` where a version would change its bytes."""
    for folder in sorted((web_dir / "w").glob("*")):
        if _VERSION.fullmatch(folder.name):
            _keep_release(folder, kept / folder.name)


def _keep_release(folder: Path, kept: Path) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    for name in BUNDLES:
        content = (folder / name).read_bytes()
        target = kept / name
        if not target.exists():
            partial = target.with_suffix(".partial")
            partial.write_bytes(content)
            partial.replace(target)
        elif target.read_bytes() != content:
            raise ConfigFault(
                f"release {folder.name} was served before with other bytes: pages pin them. "
                "Build under a new version, or remove the kept one if no page ever used it"
            )


def kept_releases(kept: Path) -> tuple[Release, ...]:
    """Every release in the data directory, with hashes computed from what would be served; by version."""
    folders = sorted(each for each in kept.glob("*") if all((each / name).is_file() for name in BUNDLES))
    return tuple(
        Release(
            version=each.name,
            loader_sri=sri((each / "loader.js").read_bytes()),
            app_sri=sri((each / "app.js").read_bytes()),
        )
        for each in folders
    )


def newest_release(web_dir: Path | None, kept: Path) -> Release | None:
    """What a new snippet should pin: the release of the build, else the one kept last."""
    releases = {each.version: each for each in kept_releases(kept)}
    if web_dir is not None:
        built = strict_json.read((web_dir / "releases.json").read_bytes(), Release)
        return releases.get(built.version)
    return max(releases.values(), key=lambda each: (kept / each.version).stat().st_mtime_ns, default=None)


def load_programs(web_dir: Path | None, kept: Path) -> Programs:
    """Everything in memory; the build's releases are kept first."""
    if web_dir is not None:
        keep_releases(web_dir, kept)
    bundles = {
        (release.version, name): asset((kept / release.version / name).read_bytes(), _TYPES[".js"])
        for release in kept_releases(kept)
        for name in BUNDLES
    }
    return Programs(bundles, {} if web_dir is None else _console(web_dir / "console"))


def _console(folder: Path) -> dict[str, Asset]:
    return {
        path.relative_to(folder).as_posix(): asset(path.read_bytes(), _TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in _TYPES
    }
