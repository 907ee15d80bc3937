"""Security headers of everything we serve: one set a kind of route, all of them on every answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_FEATURES: Final = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
_YEAR_S: Final = 31_536_000
_NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Kind(StrEnum):
    """What a route serves, as far as headers differ."""

    ANSWER = "answer"
    """For one asker: never cached, never readable by another origin unless its handler says so."""
    PUBLISHED = "published"
    """Self-proving documents that any page may read."""
    BUNDLE = "bundle"
    """Immutable code that a page pins by its hash."""
    PAGE = "page"
    """Words for people: one style sheet of ours, and no script at all."""
    CONSOLE = "console"
    """The agents' program."""


def _everywhere(public_url: str) -> dict[str, str]:
    always = {
        "Content-Security-Policy": _NOTHING,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{each}=()" for each in _FEATURES),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
        "Server": "sotto",  # aiohttp would name itself, Python and both versions
    }
    if public_url.startswith("https://"):
        always["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
    return always


def _console(public_url: str) -> dict[str, str]:
    scheme, _, host = public_url.partition("://")
    socket = f"{'wss' if scheme == 'https' else 'ws'}://{host}"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"connect-src 'self' {socket}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Integrity-Policy": "blocked-destinations=(script)",
        "Cache-Control": "no-cache",
    }


@dataclass(frozen=True, slots=True)
class Headers:
    """The sets, made once for the address browsers reach the relay by."""

    by_kind: Mapping[Kind, Mapping[str, str]]

    def of(self, kind: Kind) -> Mapping[str, str]:
        """Every header an answer of this kind carries."""
        return self.by_kind[kind]


def headers_for(public_url: str) -> Headers:
    """The headers of a relay that browsers reach at `public_url`."""
    base = _everywhere(public_url)
    readable = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Headers(
        {
            Kind.ANSWER: base,
            Kind.PUBLISHED: base | readable | {"Cache-Control": "no-cache"},
            Kind.BUNDLE: base | readable | {"Cache-Control": f"public,max-age={_YEAR_S},immutable"},
            Kind.PAGE: base | {"Content-Security-Policy": f"{_NOTHING}; style-src 'self'", "Cache-Control": "no-cache"},
            Kind.CONSOLE: base | _console(public_url),
        }
    )
