"""Tests of `sotto keys`: what an officer types, what comes back on stdout and stderr, and with which exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.vectors.trust_world import NOW, key

from sotto_cli.main import FAILED, USAGE, cli
from sotto_keys.ceremony.device_request import DeviceRequest, to_code
from sotto_keys.ceremony.office import Office
from sotto_keys.relay.statement_key import new_statement_key
from sotto_keys.shared import strict_json
from sotto_keys.shared.text_forms import to_base64url
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PASSPHRASE = "paper boat in the rain"


class OfficersDesk:
    """A folder with a passphrase file, an office beside it, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.office = folder / "office"
        self.secret = folder / "passphrase"
        self.secret.write_text(PASSPHRASE + "\n")

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["keys", *words])

    def json(self, *words: str) -> dict[str, object]:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        assert result.stdout.count("\n") == 1
        return dict(json.loads(result.stdout))

    def at_work(self, *words: str) -> list[str]:
        return [*words, "--office", str(self.office), "--passphrase-file", str(self.secret)]

    def init(self, *more: str) -> Result:
        words = ["init", "--org", "kettle", "--name", "Kettle & Cup", "--out", str(self.office)]
        return self.run(*words, "--passphrase-file", str(self.secret), "--unsafe-for-tests-light", *more)


def code() -> str:
    leaf_key = to_base64url(key("device-ana").public)
    return to_code(DeviceRequest(org="kettle", person="ana", device="Ana's laptop", leaf_key=leaf_key))


@pytest.fixture
def desk(tmp_path: Path) -> OfficersDesk:
    desk = OfficersDesk(tmp_path)
    assert desk.init().exit_code == 0
    return desk


def test_init_says_fingerprint_and_words(tmp_path: Path) -> None:
    desk = OfficersDesk(tmp_path)
    answer = json.loads(desk.init("--json").stdout)
    assert len(answer["fingerprint"]) == 52
    assert len(answer["words"]) == 4


def test_people_read_on_stderr_and_machines_on_stdout(desk: OfficersDesk) -> None:
    told = desk.run("requests", code())
    assert told.stdout == ""
    assert 'device: "Ana\'s laptop"' in told.stderr
    assert desk.json("requests", code())["requests"]


def test_a_device_that_calls_itself_by_other_words_does_not_stand_where_the_words_stand(desk: OfficersDesk) -> None:
    leaf_key = to_base64url(key("device-ana").public)
    claimed = "laptop: able · able · able · able · able" + " " * 20 + "bob on laptop"
    request = DeviceRequest(org="kettle", person="ana", device=claimed, leaf_key=leaf_key)
    lines = desk.run("requests", to_code(request)).stderr.splitlines()
    assert lines[:2] == ["ana", f"  words:  {' · '.join(request.words)}"]
    assert lines[2] == '  device: "laptop: able · able · able · able · able bob on laptop"'


def test_a_second_init_fails_and_says_why(desk: OfficersDesk) -> None:
    again = desk.init()
    assert again.exit_code == FAILED
    assert "founded in this folder before" in again.stderr
    assert "Traceback" not in again.output


def test_a_name_that_cannot_be_fails(tmp_path: Path) -> None:
    desk = OfficersDesk(tmp_path)
    words = ["init", "--org", "KETTLE", "--name", "K", "--out", str(desk.office)]
    answer = desk.run(*words, "--passphrase-file", str(desk.secret), "--unsafe-for-tests-light")
    assert answer.exit_code == FAILED
    assert not desk.office.exists()


def test_a_request_is_issued_listed_and_revoked(desk: OfficersDesk) -> None:
    issued = desk.json(*desk.at_work("issue", code(), "--name", "Ana", "--desk", "orders"))
    cred_id = str(issued["cred_id"])
    assert states(desk) == [(cred_id, "in force")]
    desk.json(*desk.at_work("trust"))
    revoked = desk.json(*desk.at_work("revoke", cred_id, "--reason", "lost laptop"))
    assert revoked["version"] == 2
    assert states(desk) == [(cred_id, "revoked")]


def states(desk: OfficersDesk) -> list[tuple[str, str]]:
    rows = desk.json("list", "--office", str(desk.office))["credentials"]
    assert isinstance(rows, list)
    return [(row["cred_id"], row["state"]) for row in rows]


def test_a_request_may_come_as_a_file(desk: OfficersDesk) -> None:
    path = desk.folder / "request.json"
    leaf_key = to_base64url(key("device-ben").public)
    path.write_bytes(
        strict_json.write(DeviceRequest(org="kettle", person="ben", device="Ben's phone", leaf_key=leaf_key))
    )
    assert desk.json(*desk.at_work("issue", str(path), "--name", "Ben", "--desk", "orders"))["cred_id"]


def test_trust_takes_statement_key_policy_and_release(desk: OfficersDesk) -> None:
    statement = desk.folder / "statement_key.json"
    statement.write_bytes(new_statement_key(bytes, nbf=Millis(NOW)).public_file())
    policy = desk.folder / "policy.toml"
    policy.write_bytes(b"schema = 1\n")
    release = desk.folder / "releases.json"
    sri = "sha384-" + "A" * 64
    release.write_text(json.dumps({"version": "1.0.0", "loader_sri": sri, "app_sri": sri}))
    files = ["--statement-key", str(statement), "--policy", str(policy), "--release", str(release)]
    assert desk.json(*desk.at_work("trust", *files))["version"] == 1
    trust = Office(desk.office).trust()
    assert trust is not None
    assert [len(each) for each in (trust.statement_keys, trust.policies, trust.releases)] == [1, 1, 1]


def test_a_wrong_passphrase_fails_without_showing_anything(desk: OfficersDesk) -> None:
    desk.secret.write_text("another one entirely\n")
    answer = desk.run(*desk.at_work("trust"))
    assert answer.exit_code == FAILED
    assert "wrong passphrase" in answer.stderr
    assert "another one" not in answer.output


def test_a_passphrase_is_asked_for_without_echo(desk: OfficersDesk) -> None:
    words = ["keys", "trust", "--office", str(desk.office), "--json"]
    answer = CliRunner().invoke(cli, words, input=PASSPHRASE + "\n")
    assert answer.exit_code == 0
    assert PASSPHRASE not in answer.output


@pytest.mark.parametrize(
    "words", [["revoke", "c-none", "--reason", "x"], ["issue", "SOTTO-AAAA", "--name", "A", "--desk", "d"]]
)
def test_what_cannot_be_done_fails(desk: OfficersDesk, words: list[str]) -> None:
    answer = desk.run(*desk.at_work(*words))
    assert answer.exit_code == FAILED
    assert "Traceback" not in answer.output


def test_an_office_that_is_not_one_fails(tmp_path: Path) -> None:
    answer = OfficersDesk(tmp_path).run("list", "--office", str(tmp_path / "nowhere"))
    assert answer.exit_code == FAILED
    assert "no root here" in answer.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["init"],
        ["issue"],
        ["nonsense"],
        ["issue", "x", "--office", "y", "--name", "A", "--desk", "d", "--days", "31"],
    ],
)
def test_wrong_usage_is_64(desk: OfficersDesk, words: list[str]) -> None:
    assert desk.run(*words).exit_code == USAGE
