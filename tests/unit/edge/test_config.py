from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from sotto_server.config import Listen, as_origin, load_config
from sotto_server.faults import ConfigFault

if TYPE_CHECKING:
    from pathlib import Path


def fault(**environ: str) -> str:
    with pytest.raises(ConfigFault) as caught:
        load_config(environ)
    return str(caught.value)


def test_without_any_setting_the_relay_listens_on_loopback_alone() -> None:
    config = load_config({"PATH": "/bin"})
    assert config.listen == Listen("127.0.0.1", 8080)
    assert (config.public_url, config.is_https) == ("http://localhost:8080", False)
    assert config.console_origins == ("http://localhost:8080",)


def test_settings_are_read_from_the_environment() -> None:
    config = load_config(
        {
            "SOTTO_LISTEN": "[::]:9000",
            "SOTTO_PUBLIC_URL": "https://Chat.Example.com:443/",
            "SOTTO_CONSOLE_ORIGINS": "https://desk.example.com, https://b.example.com:8443",
            "SOTTO_TRUSTED_PROXIES": "10.0.0.0/8,::1",
        }
    )
    assert config.listen == Listen("::", 9000)
    assert (config.public_url, config.is_https) == ("https://chat.example.com", True)
    assert config.console_origins == (
        "https://chat.example.com",
        "https://desk.example.com",
        "https://b.example.com:8443",
    )
    assert config.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))


def test_a_setting_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "listen"
    file.write_text("0.0.0.0:81\n")
    assert load_config({"SOTTO_LISTEN_FILE": str(file)}).listen.port == 81


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    assert "SOTTO_LISTEN" in fault(SOTTO_LISTENN="127.0.0.1:1")
    assert "SOTTO_DATA_DIR" in fault(SOTTO_DATADIR_FILE="x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SOTTO_LISTEN", "8080"),
        ("SOTTO_LISTEN", "localhost:65536"),
        ("SOTTO_PUBLIC_URL", "chat.example.com"),
        ("SOTTO_PUBLIC_URL", "https://chat.example.com/path"),
        ("SOTTO_PUBLIC_URL", "https://me:secret@chat.example.com"),
        ("SOTTO_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("SOTTO_LOG_LEVEL", "loud"),
        ("SOTTO_WEB_DIR", "/does/not/exist"),
        ("SOTTO_LISTEN_FILE", "/does/not/exist"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_is_not_repeated(name: str, value: str) -> None:
    text = fault(**{name: value})
    assert text.startswith(name.removesuffix("_FILE"))
    assert value not in text


def test_a_setting_is_given_once() -> None:
    assert "both" in fault(SOTTO_LISTEN="127.0.0.1:1", SOTTO_LISTEN_FILE="x")


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("http://Shop.example:80", "http://shop.example"),
        ("https://shop.example:8443/", "https://shop.example:8443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(written: str, origin: str) -> None:
    assert as_origin(written) == origin
