"""Tests of `sotto receipt verify` and `records`: what an auditor, or the customer, runs without a relay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from tests.support.saved_receipts import ANSWER, CUSTOMER, WORLD, Saved, assistant, statement, with_guest
from tests.vectors.record_cases import ended

from sotto_cli.main import FAILED, USAGE, cli
from sotto_keys.shared.text_forms import digest_of, fingerprint
from sotto_keys.shared.withdrawal import sign_withdrawal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "receipts.json"
    path.write_bytes(Saved().bytes())
    return path


def test_a_saved_file_is_told_in_words(file: Path) -> None:
    told = CliRunner().invoke(cli, ["receipt", "verify", str(file)])
    assert told.exit_code == 0, told.output
    for words in (
        "Kettle & Cup",
        "compare these words",
        "given: Answer your question",
        "desk support",
        "in en",
        "entry 1, 2027-01-15 08:00:00 UTC",
        "Ana, since 2027-01-15 08:00:00 UTC",
        "Everything is as it was signed.",
    ):
        assert words in told.stderr


def test_machines_get_the_same_facts(file: Path) -> None:
    root = fingerprint(WORLD.pinned)
    told = json.loads(CliRunner().invoke(cli, ["receipt", "verify", str(file), "--root", root, "--json"]).stdout)
    (decided,), (reader,) = told["decisions"], told["readers"]
    assert (told["root"], told["is_pinned"], len(told["words"])) == (root, True, 4)
    assert (decided["answer"], decided["purpose"], decided["admits"]) == ("given", "support", {"desk": "support"})
    assert decided["receipt"]["entry"] == 1
    assert (reader["name"], reader["desks"]) == ("Ana", ["orders"])


def test_one_flipped_byte_fails(file: Path) -> None:
    octets = bytearray(file.read_bytes())
    octets[len(octets) // 2] ^= 1
    file.write_bytes(octets)
    told = CliRunner().invoke(cli, ["receipt", "verify", str(file)])
    assert (told.exit_code, told.stdout) == (FAILED, "")
    assert "refused" in told.stderr


def test_another_root_than_the_pages_fails(file: Path) -> None:
    other = fingerprint(digest_of(b"another"))
    told = CliRunner().invoke(cli, ["receipt", "verify", str(file), "--root", other])
    assert told.exit_code == FAILED
    assert "forked" in told.stderr


def test_a_root_that_is_none_is_wrong_usage(file: Path) -> None:
    assert CliRunner().invoke(cli, ["receipt", "verify", str(file), "--root", "copper"]).exit_code == USAGE


def test_a_saved_file_gives_its_records(tmp_path: Path) -> None:
    path = tmp_path / "receipts.json"
    path.write_bytes(with_guest(assistant()))
    told = CliRunner().invoke(cli, ["receipt", "records", str(path), "--root", fingerprint(WORLD.pinned)])
    assert told.exit_code == 0, told.output
    assert [each["event"]["event_state"] for each in json.loads(told.stdout)] == [
        "sotto:NoticeAcknowledged",
        "dpv:ConsentGiven",
        "dpv:ConsentWithdrawn",
    ]
    given, withdrawn = told.stdout.splitlines()[2:4]
    named = digest_of(given.removesuffix(",").encode()).hex()
    assert json.loads(withdrawn)["event"]["previous"] == f"sha256:{named}"


def test_a_file_that_is_not_as_signed_gives_no_record(file: Path) -> None:
    octets = bytearray(file.read_bytes())
    octets[len(octets) // 2] ^= 1
    file.write_bytes(octets)
    told = CliRunner().invoke(cli, ["receipt", "records", str(file)])
    assert (told.exit_code, told.stdout) == (FAILED, "")
    assert "refused" in told.stderr


def test_a_file_of_another_organisation_gives_no_record(file: Path) -> None:
    other = fingerprint(digest_of(b"another"))
    told = CliRunner().invoke(cli, ["receipt", "records", str(file), "--root", other])
    assert (told.exit_code, told.stdout) == (FAILED, "")
    assert CliRunner().invoke(cli, ["receipt", "records", str(file), "--root", "copper"]).exit_code == USAGE


@pytest.mark.parametrize("command", ["verify", "records"])
def test_a_time_that_no_calendar_has_is_refused_in_words(tmp_path: Path, command: str) -> None:
    path = tmp_path / "receipts.json"
    never = sign_withdrawal(replace(ended(ANSWER), withdrawn_at=2**53 - 1), CUSTOMER)
    path.write_bytes(with_guest(replace(assistant(), withdrawn=statement(never, receipt=None))))
    told = CliRunner().invoke(cli, ["receipt", command, str(path)])
    assert (told.exit_code, told.stdout) == (FAILED, "")
    assert "refused: malformed" in told.stderr
