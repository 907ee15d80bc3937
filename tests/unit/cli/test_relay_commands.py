from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest
from click.testing import CliRunner

from sotto_cli.main import COMMANDS, cli
from sotto_keys.ceremony.device_request import parse_request
from sotto_keys.shared.text_forms import from_base64url
from sotto_server.adapters.store.store import open_store
from sotto_server.domain.directory import Device
from sotto_server.edge.static import sri
from sotto_wire.ids import AgentId, DeviceKey, Millis

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_server.ports import Unit

KEY: Final = DeviceKey(b"d" * 32)
PASSWORD: Final = "correct horse battery"


class Desk:
    """An operator at a fresh data directory, with an officer's root beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "passphrase").write_text("paper boat in the rain\n")
        (folder / "password").write_text(PASSWORD + "\n")
        web = folder / "web" / "w" / "1.0.0"
        web.mkdir(parents=True)
        (web / "loader.js").write_bytes(b"loader")
        (web / "app.js").write_bytes(b"app")
        release = {"version": "1.0.0", "loader_sri": sri(b"loader"), "app_sri": sri(b"app")}
        (folder / "web" / "releases.json").write_text(json.dumps(release))

    @property
    def data(self) -> Path:
        return self.folder / "relay"

    def run(self, *words: str, expect: int = 0) -> str:
        env = {
            "SOTTO_DATA_DIR": str(self.data),
            "SOTTO_WEB_DIR": str(self.folder / "web"),
            "SOTTO_PUBLIC_URL": "https://chat.example",
        }
        result = CliRunner().invoke(cli, words, env=env)
        assert result.exit_code == expect, result.output
        return result.stdout if expect == 0 else result.output

    def json(self, *words: str) -> dict[str, object]:
        answer = json.loads(self.run(*words, "--json"))
        assert answer["schema_version"] == 1
        return dict(answer)

    def found(self, name: str = "office") -> str:
        office = str(self.folder / name)
        passphrase = ("--passphrase-file", str(self.folder / "passphrase"))
        light = ("--unsafe-for-tests-light", *passphrase)
        return str(self.json("keys", "init", "--org", "kettle", "--name", "Kettle", "--out", office, *light)["root"])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def relay(desk: Desk) -> Desk:
    desk.run("init", "--root", desk.found())
    return desk


def test_every_command_of_the_table_is_there(desk: Desk) -> None:
    for name in COMMANDS:
        desk.run(name, "--help")


def test_setting_up_leaves_the_secret_to_the_owner_and_the_public_half_to_carry(relay: Desk) -> None:
    assert (relay.data / "statement.key").stat().st_mode & 0o777 == 0o600
    assert (relay.data / "sotto.db").stat().st_mode & 0o777 == 0o600
    public = json.loads((relay.data / "statement_key.json").read_text())
    assert set(public) == {"keyid", "public", "nbf", "exp"}
    assert from_base64url(public["public"]) not in (relay.data / "statement.key").read_bytes()


def test_setting_up_again_changes_nothing(relay: Desk) -> None:
    before = (relay.data / "statement_key.json").read_bytes()
    relay.run("init", "--root", str(relay.folder / "office" / "public" / "root.1.json"))
    assert (relay.data / "statement_key.json").read_bytes() == before


def test_a_relay_has_one_root(relay: Desk) -> None:
    other = relay.found("other")
    assert "not_newer" in relay.run("init", "--root", other, expect=2)


def test_nothing_is_set_up_by_the_way(desk: Desk) -> None:
    assert "sotto init" in desk.run("agents", "list", expect=2)
    assert not desk.data.exists()


def test_a_relay_without_its_key_does_not_run(relay: Desk) -> None:
    (relay.data / "statement.key").chmod(0o644)
    assert "chmod 600" in relay.run("run", expect=2)
    (relay.data / "statement.key").unlink()
    assert "sotto init" in relay.run("run", expect=2)


def test_the_snippet_pins_root_release_site_and_desk(relay: Desk) -> None:
    relay.run("site", "add", "shop", "--origin", "https://shop.example/", "--desk", "support")
    answer = relay.json("snippet", "shop")
    tag = str(answer["html"])
    assert tag.startswith('<script type="module" src="https://chat.example/w/1.0.0/loader.js"')
    for part in (f'integrity="{sri(b"loader")}"', 'data-site="shop"', 'data-desk="support"', 'crossorigin="anonymous"'):
        assert part in tag
    root = relay.json("init", "--root", str(relay.folder / "office" / "public" / "root.1.json"))["root"]
    assert f'data-root="{root}"' in tag
    assert "script-src https://chat.example; connect-src https://chat.example wss://chat.example;" in str(answer["csp"])


def test_a_site_with_two_desks_says_which(relay: Desk) -> None:
    relay.run("site", "add", "shop", "--origin", "https://shop.example", "--desk", "support", "--desk", "cards")
    assert "cards, support" in relay.run("snippet", "shop", expect=64)
    assert 'data-desk="cards"' in relay.run("snippet", "shop", "--desk", "cards")
    assert "no such site" in relay.run("snippet", "other", expect=2)
    assert "no such release" in relay.run("snippet", "shop", "--desk", "cards", "--release", "9", expect=2)


@pytest.mark.parametrize(
    "words",
    [
        ("site", "add", "Shop!", "--origin", "https://shop.example", "--desk", "support"),
        ("site", "add", "shop", "--origin", "shop.example", "--desk", "support"),
        ("site", "add", "shop", "--origin", "https://shop.example"),
        ("agents", "add", "ada", "--display-name", "Ada\u202e", "--desk", "support", "--password-file", "-"),
        ("nonsense",),
    ],
)
def test_wrong_usage_is_64(relay: Desk, words: tuple[str, ...]) -> None:
    relay.run(*words, expect=64)


def an_agent(relay: Desk) -> None:
    password = ("--password-file", str(relay.folder / "password"))
    relay.run("agents", "add", "ada", "--display-name", "Ada", "--desk", "support", *password)


def test_an_agent_is_added_listed_and_disabled(relay: Desk) -> None:
    an_agent(relay)
    row = {"agent": "ada", "name": "Ada", "desks": ["support"], "state": "may sign in", "devices": 0}
    assert relay.json("agents", "list")["agents"] == [row]
    relay.run("agents", "disable", "ada")
    assert relay.json("agents", "list")["agents"] == [row | {"state": "disabled"}]
    assert "not_found" in relay.run("agents", "disable", "eve", expect=2)


def test_a_password_is_long_enough_and_kept_by_nobody(relay: Desk) -> None:
    an_agent(relay)
    assert PASSWORD.encode() not in (relay.data / "sotto.db").read_bytes()
    (relay.folder / "password").write_text("short\n")
    password = ("--password-file", str(relay.folder / "password"))
    assert "12 to 128" in relay.run(
        "agents", "add", "bob", "--display-name", "Bob", "--desk", "support", *password, expect=2
    )


@pytest.mark.parametrize(("label", "shown"), [("Ada's laptop", "Ada's laptop"), ("turned\u202e", "device")])
def test_a_device_that_asks_is_a_code_for_the_officer(relay: Desk, label: str, shown: str) -> None:
    an_agent(relay)
    store = open_store(relay.data / "sotto.db")
    store.commit(_asks, label, Millis(1_800_000_000_000))
    store.close()
    found = relay.json("agents", "requests", "--wait", "5")["requests"]
    assert isinstance(found, list)
    row = found[0]
    request = parse_request(row["code"].encode())
    assert (request.org, request.person, request.device) == ("kettle", "ada", shown)
    assert from_base64url(request.leaf_key) == KEY
    assert row["words"] == request.words


def _asks(unit: Unit, label: str, /, *, now: Millis) -> None:
    unit.devices.put(Device(device=KEY, agent=AgentId("ada"), label=label, seen_at=now, requested_at=now))


def test_without_requests_there_is_nothing_to_carry(relay: Desk) -> None:
    assert relay.json("agents", "requests")["requests"] == []


def test_only_documents_are_published(relay: Desk) -> None:
    password = str(relay.folder / "password")
    assert "no root, trust" in relay.run("trust", "publish", "--relay", "http://127.0.0.1:1", password, expect=2)
    policy = relay.folder / "policy.toml"
    policy.write_text("promise = 1")
    assert "promise" in relay.run("trust", "publish", "--relay", "http://127.0.0.1:1", str(policy), expect=2)
    root = str(relay.folder / "office" / "public" / "root.1.json")
    assert "address" in relay.run("trust", "publish", "--relay", "chat.example", root, expect=64)


def test_a_bad_setting_is_said_by_name(relay: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOTTO_LISTENN", "1")
    assert "SOTTO_LISTEN" in relay.run("agents", "list", expect=2)
    assert "SOTTO_LISTEN" in relay.run("healthcheck", expect=2)


def test_the_version_is_said(desk: Desk) -> None:
    assert desk.json("version")["version"]


def test_only_a_conversation_that_the_ledger_knows_has_records(relay: Desk) -> None:
    assert "not_found" in relay.run("records", "A" * 22, expect=2)
    assert "not the name of a conversation" in relay.run("records", "A" * 21, expect=64)
