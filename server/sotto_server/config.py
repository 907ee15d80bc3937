"""The relay's settings: one frozen value read once from `SOTTO_…` variables. Nothing else in the relay reads the environment.

Every variable has a twin with `_FILE` behind its name that names a file holding the value. Retention and purposes are
not settings: they live in the policy file.
"""

from __future__ import annotations

import difflib
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from sotto_server.faults import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX: Final = "SOTTO_"
FILE: Final = "_FILE"
PORTS: Final = range(65536)
LEVELS: Final = ("debug", "info", "warning", "error")
PACKAGED_WEB: Final = Path(__file__).with_name("web")
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadSetting(ValueError):  # noqa: N818 - the word for a value that cannot be a setting
    """A value that will not do; the text says why without repeating it, for a setting may be a secret."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the one port is; port 0 lets the system choose."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, checked."""

    listen: Listen
    public_url: str
    """Scheme, host and port under which browsers reach the relay; no path."""
    data_dir: Path
    web_dir: Path | None
    """The built bundles, those of the package by default; none serves no widget and no console."""
    console_origins: tuple[str, ...]
    """Origins agents may sign in from; the relay's own is always one."""
    trusted_proxies: tuple[Network, ...]
    log_level: str

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the relay by https."""
        return self.public_url.startswith("https://")

    @property
    def database(self) -> Path:
        """The one SQLite file."""
        return self.data_dir / "sotto.db"

    @property
    def statement_key(self) -> Path:
        """The secret half of the statement key."""
        return self.data_dir / "statement.key"

    @property
    def bundles(self) -> Path:
        """Every release ever served, by version."""
        return self.data_dir / "bundles"


def _listen(value: str) -> Listen:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) not in PORTS:
        raise BadSetting("is not HOST:PORT")
    return Listen(host.strip("[]"), int(port))


def as_origin(value: str) -> str:
    """`value` as browsers write it in `Origin`: scheme, host, port unless it is the scheme's own. `ValueError` otherwise."""
    parts = urlsplit(value)
    if (
        parts.scheme not in DEFAULT_PORTS
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise BadSetting("is not an http(s) origin")
    if parts.username is not None or parts.password is not None:
        raise BadSetting("carries credentials")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port
    return f"{parts.scheme}://{host}" + ("" if port in {None, DEFAULT_PORTS[parts.scheme]} else f":{port}")


def _origins(value: str) -> tuple[str, ...]:
    return tuple(as_origin(each.strip()) for each in value.split(",") if each.strip())


def _networks(value: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(each.strip()) for each in value.split(",") if each.strip())


def _level(value: str) -> str:
    if value not in LEVELS:
        raise BadSetting(f"is not one of {', '.join(LEVELS)}")
    return value


def _directory(value: str) -> Path | None:
    if not value:
        return PACKAGED_WEB if PACKAGED_WEB.is_dir() else None
    path = Path(value).resolve()
    if not path.is_dir():
        raise BadSetting("is not a directory")
    return path


NAMES: Final = (
    "SOTTO_LISTEN",
    "SOTTO_PUBLIC_URL",
    "SOTTO_DATA_DIR",
    "SOTTO_WEB_DIR",
    "SOTTO_CONSOLE_ORIGINS",
    "SOTTO_TRUSTED_PROXIES",
    "SOTTO_LOG_LEVEL",
)


class _Environment:
    """The variables of ours, each read from itself or from the file its twin names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._found = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
        for name in self._found:
            self._must_be_known(name)

    def _must_be_known(self, name: str) -> None:
        plain = name.removesuffix(FILE)
        if plain in NAMES:
            if name != plain and plain in self._found:
                raise ConfigFault(f"{plain} and {name} are both set")
            return
        near = difflib.get_close_matches(plain, NAMES, n=1, cutoff=0.0)
        raise ConfigFault(f"{name} is not a setting; the nearest is {near[0]}")

    def read(self, name: str, parse: Callable[[str], T], *, default: str) -> T:
        """The parsed value; `ConfigFault` names the variable, never the value."""
        twin = self._found.get(name + FILE)
        try:
            text = self._found.get(name, default) if twin is None else Path(twin).read_text("utf-8").strip()
            return parse(text)
        except BadSetting as bad:
            raise ConfigFault(f"{name} {bad}") from None
        except (ValueError, OSError) as error:
            raise ConfigFault(f"{name} cannot be read: {type(error).__name__}") from None


def load_config(environ: Mapping[str, str]) -> Config:
    """The settings in `environ`, or `ConfigFault` for an unknown name, a bad value or an unreadable file."""
    env = _Environment(environ)
    listen = env.read("SOTTO_LISTEN", _listen, default="127.0.0.1:8080")
    public_url = env.read("SOTTO_PUBLIC_URL", as_origin, default=f"http://localhost:{listen.port}")
    return Config(
        listen=listen,
        public_url=public_url,
        data_dir=env.read("SOTTO_DATA_DIR", Path, default="sotto-data").resolve(),
        web_dir=env.read("SOTTO_WEB_DIR", _directory, default=""),
        console_origins=(public_url, *env.read("SOTTO_CONSOLE_ORIGINS", _origins, default="")),
        trusted_proxies=env.read("SOTTO_TRUSTED_PROXIES", _networks, default=""),
        log_level=env.read("SOTTO_LOG_LEVEL", _level, default="info"),
    )
