"""Tests of `sotto incident`: what an officer types, what is filed, and what `sotto trust publish` then carries."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Final

import pytest
from click.testing import CliRunner
from tests.vectors.trust_world import key

from sotto_cli.main import FAILED, cli
from sotto_keys.shared.dsse import INCIDENT_TYPE, parse_envelope, seal_envelope
from sotto_server.adapters.store.store import open_store
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from sotto_server.ports import Unit

PASSPHRASE: Final = "paper boat in the rain"
TEXTS: Final = """
[texts.en]
what_happened = "A laptop was stolen."
consequences = "Somebody could read what you wrote."
what_we_did = "We revoked it."
what_you_can_do = "Be careful with calls in our name."
"""


SOON: Final = (dt.datetime.now(tz=dt.UTC) + dt.timedelta(days=60)).isoformat()


def file_of(*, expires: str = SOON) -> str:
    return f"""
incident = "stolen-laptop"
affects_from = 2026-01-10T00:00:00Z
affects_to = 2026-01-15T00:00:00Z
expires = {expires}
contact = "privacy@kettle.example"
{TEXTS}"""


class OfficersDesk:
    """An office, its passphrase in a file, and a relay's data directory that has its root and a trust document."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.office, self.data, self.notice = folder / "office", folder / "relay", folder / "notice.toml"
        self.passphrase = folder / "passphrase"
        self.passphrase.write_text(PASSPHRASE + "\n")

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, words, env={"SOTTO_DATA_DIR": str(self.data)})

    def secretly(self, *words: str) -> Result:
        return self.run(*words, "--passphrase-file", str(self.passphrase), "--json")

    def sign(self, text: str) -> Result:
        self.notice.write_text(text)
        return self.secretly("incident", "sign", str(self.notice), "--office", str(self.office))

    def publish(self, *files: str) -> Result:
        return self.run("trust", "publish", "--data", str(self.data), *files)

    def kept(self) -> list[str]:
        store = open_store(self.data / "sotto.db")
        found = store.read(_names, None, Millis(0))
        store.close()
        return found


def _names(unit: Unit, _: None, /, *, now: Millis) -> list[str]:  # noqa: ARG001 - a query
    return [each.incident for each in unit.incidents.find()]


@pytest.fixture
def desk(tmp_path: Path) -> OfficersDesk:
    desk = OfficersDesk(tmp_path)
    names = ("--org", "kettle", "--name", "Kettle & Cup", "--out", str(desk.office), "--unsafe-for-tests-light")
    root = json.loads(desk.secretly("keys", "init", *names).stdout)["root"]
    trust = json.loads(desk.secretly("keys", "trust", "--office", str(desk.office)).stdout)["file"]
    assert desk.run("init", "--root", root).exit_code == 0
    assert desk.publish(trust).exit_code == 0
    return desk


def test_a_notice_is_signed_filed_and_published(desk: OfficersDesk) -> None:
    facts = json.loads(desk.sign(file_of()).stdout)
    assert (facts["incident"], facts["languages"]) == ("stolen-laptop", ["en"])
    assert facts["file"] == str(desk.office / "public" / "incidents" / "stolen-laptop.json")
    assert desk.kept() == [], "nobody is told before it is published"
    assert desk.publish(facts["file"]).exit_code == 0
    assert desk.kept() == ["stolen-laptop"]


def test_a_notice_that_no_device_would_show_is_not_signed(desk: OfficersDesk) -> None:
    refused = desk.sign(file_of(expires="2020-01-01T00:00:00Z"))
    assert refused.exit_code == FAILED
    assert "malformed" in refused.stderr
    assert not (desk.office / "public" / "incidents").exists()


def test_a_notice_that_the_relays_own_key_signed_is_refused(desk: OfficersDesk) -> None:
    path = json.loads(desk.sign(file_of()).stdout)["file"]
    signed = parse_envelope((desk.office / "public" / "incidents" / "stolen-laptop.json").read_bytes())
    relays_key = key("statement-a")
    forged = desk.folder / "forged.json"
    forged.write_bytes(seal_envelope(INCIDENT_TYPE, signed.payload, signers=[relays_key]).to_bytes())
    refused = desk.publish(path, str(forged))
    assert refused.exit_code == FAILED
    assert "bad_signature" in refused.stderr
    assert desk.kept() == []
