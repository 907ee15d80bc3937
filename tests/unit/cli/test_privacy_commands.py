"""Tests of `sotto privacy`: from an edited file to a policy in force, with another person's signature in between."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.support.policies import AUTHOR, EXAMPLE, edited, signed

from sotto_cli.main import FAILED, USAGE, cli
from sotto_keys.ceremony.office import Office
from sotto_keys.shared.text_forms import digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

ON = ("--at", "2026-11-24")
NEXT = (
    'version = "2026.11.1"',
    'version = "2026.11.2"',
    "[channels.chat]",
    "[channels.chat]   # looked at",
)


class Officer:
    """A folder with a passphrase, an office and policy files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.office = folder, folder / "office"
        self.secret = folder / "passphrase"
        self.secret.write_text("paper boat in the rain\n")
        self.passphrase = ("--passphrase-file", str(self.secret))

    def file(self, octets: bytes, name: str = "policy.toml") -> str:
        path = self.folder / name
        path.write_bytes(octets)
        return str(path)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, [*words])

    def privacy(self, *words: str) -> Result:
        return self.run("privacy", *words)

    def found(self) -> None:
        light = (*self.passphrase, "--unsafe-for-tests-light")
        result = self.run("keys", "init", "--org", "kettle", "--name", "Kettle", "--out", str(self.office), *light)
        assert result.exit_code == 0, result.output

    def key(self, name: str) -> tuple[str, str]:
        """A key's file and its public half."""
        path = str(self.folder / name)
        told = self.privacy("key", "--out", path, *self.passphrase, "--unsafe-for-tests-light", "--json")
        return path, str(json.loads(told.stdout)["public"])

    def activate(self, octets: bytes) -> Result:
        return self.privacy("activate", self.file(octets), "--office", str(self.office), *self.passphrase, "--json")


@pytest.fixture
def officer(tmp_path: Path) -> Officer:
    return Officer(tmp_path)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (EXAMPLE, 0),
        (edited("tabletop_due = 2027-03-01", "tabletop_due = 2026-11-23"), 1),
        (edited("max_members = 4", "max_members = 40"), 2),
        (b"\xff", 2),
    ],
)
def test_a_check_ends_with_the_code_that_says_how_it_went(officer: Officer, octets: bytes, code: int) -> None:
    result = officer.privacy("check", officer.file(octets), *ON, "--json")
    assert result.exit_code == code
    told = json.loads(result.stdout)
    assert told["digest"] == digest_of(octets).hex()
    assert all(set(each) == {"code", "path", "message"} for each in told["findings"])
    assert bool(told["findings"]) is (code != 0)


def test_people_read_each_finding_on_a_line(officer: Officer) -> None:
    assert officer.privacy("check", officer.file(EXAMPLE), *ON).stderr == "In order.\n"
    told = officer.privacy("check", officer.file(edited('min_tls = "1.3"', 'min_tls = "1.2"')), *ON)
    assert told.stderr == "E101  channels.chat.min_tls: the floor is 1.3\n"


@pytest.mark.parametrize(("day", "code"), [("2026-11-24", 0), ("2027-01-10", 1), ("2027-02-02", 2)])
def test_the_doctor_tells_every_date(officer: Officer, day: str, code: int) -> None:
    result = officer.privacy("doctor", officer.file(EXAMPLE), "--at", day, "--json")
    assert result.exit_code == code
    assert len(json.loads(result.stdout)["due"]) == 21
    assert "audit.internal_due" in officer.privacy("doctor", officer.file(EXAMPLE), "--at", day).stderr


def test_notices_and_the_page_are_rendered_as_they_are_shown(officer: Officer) -> None:
    told = officer.privacy("render", officer.file(EXAMPLE), "--lang", "de", "--json")
    start = json.loads(told.stdout)["notices"]["start"]
    assert start["paragraphs"][0] == "Sie sprechen mit Kettle & Cup Ltd."
    assert "[ai_assistant]" in officer.privacy("render", officer.file(EXAMPLE)).stderr
    assert '<html lang="de">' in officer.privacy("render", officer.file(EXAMPLE), "--lang", "de", "--html").stdout
    assert officer.privacy("render", officer.file(EXAMPLE), "--lang", "fr").exit_code == USAGE


def test_a_difference_is_told_and_one_that_may_not_be_ends_with_two(officer: Officer) -> None:
    old, new = officer.file(EXAMPLE, "old.toml"), officer.file(edited("max_days = 0", "max_days = 30"), "new.toml")
    told = officer.privacy("diff", old, new)
    assert told.exit_code == 2
    assert "ask_again  ai_assistant: kept_longer" in told.stderr
    assert "E036  retention.none.since" in told.stderr
    same = officer.privacy("diff", old, old, "--json")
    assert (same.exit_code, json.loads(same.stdout)["tables"]) == (0, [])


def test_another_person_approves_what_the_purposes_are_now(officer: Officer) -> None:
    file = officer.file(edited('categories = ["delivery_metadata"]', 'categories = ["delivery_metadata", "contact"]'))
    assert [each["code"] for each in json.loads(officer.privacy("check", file, *ON, "--json").stdout)["findings"]] == [
        "E053"
    ]
    path, public = officer.key("approver")
    words = ("dpia", "sign", file, "--ref", "DPIA-2026-01", "--key", path, *officer.passphrase)
    assert officer.privacy(*words, f"--author={public}").exit_code == FAILED
    assert officer.privacy(*words, f"--author={AUTHOR}").exit_code == 0
    assert officer.privacy("check", file, *ON).exit_code == 0


def test_an_assessment_that_the_file_lacks_cannot_be_signed(officer: Officer) -> None:
    path, _ = officer.key("approver")
    words = ("--ref", "DPIA-1999-01", "--key", path, *officer.passphrase, f"--author={AUTHOR}")
    assert officer.privacy("dpia", "sign", officer.file(EXAMPLE), *words).exit_code == FAILED


def test_what_an_assessment_has_to_look_at_again_is_shown(officer: Officer) -> None:
    old = officer.file(EXAMPLE, "old.toml")
    new = officer.file(edited('country = "FI"', 'country = "US"', "special = false", "special = true"), "new.toml")
    told = officer.privacy("dpia", "diff", old, new, "--json")
    assert told.exit_code == 1
    facts = json.loads(told.stdout)
    assert any(line.startswith("+ recipient hosting processor US") for line in facts["scopes"]["DPIA-2026-01"])
    assert "sensitive data or data of a highly personal nature" in facts["triggers"]
    assert officer.privacy("dpia", "diff", old, old).stderr == "Every scope is the same.\n"
    assert "Look again at" in officer.privacy("dpia", "diff", old, new).stderr


def test_a_policy_comes_in_force_by_an_officers_signature_and_is_archived(officer: Officer) -> None:
    officer.found()
    told = officer.activate(EXAMPLE)
    assert told.exit_code == 0, told.output
    office = Office(officer.office)
    trust = office.trust()
    assert trust is not None
    assert [each.digest for each in trust.policies] == [digest_of(EXAMPLE).hex()]
    assert office.policy_path(digest_of(EXAMPLE)).read_bytes() == EXAMPLE
    newer = edited(*NEXT)
    assert officer.activate(newer).exit_code == 0
    assert office.policy_path(digest_of(EXAMPLE)).exists(), "the old one stays in the archive"
    assert office.policy_path(digest_of(newer)).exists()


@pytest.mark.parametrize(
    ("replace", "code"),
    [
        (('min_tls = "1.3"', 'min_tls = "1.2"'), "E101"),
        (("\nmax_days = 90", "\nmax_days = 99"), "E036"),
        (
            (
                '"Dieses Gespräch aufbewahren" }\nlawful_basis = "consent"',
                '"Dieses Gespräch aufbewahren" }\nlawful_basis = "contract"',
            ),
            "E026",
        ),
        (("You'll be talking to", "You will talk to"), "E073"),
    ],
)
def test_a_policy_that_may_not_follow_is_not_put_in_force(
    officer: Officer, replace: tuple[str, str], code: str
) -> None:
    officer.found()
    assert officer.activate(EXAMPLE).exit_code == 0
    told = officer.activate(signed(edited(*replace)))
    assert told.exit_code == 2
    assert code in {each["code"] for each in json.loads(told.stdout)["findings"]}
    assert Office(officer.office).trust_path(2).exists() is False


def test_who_puts_in_force_is_not_who_approved(officer: Officer) -> None:
    officer.found()
    (sealed,) = officer.office.glob("secret/issuing.*.json")
    file = officer.file(EXAMPLE)
    words = ("--ref", "DPIA-2026-01", "--key", str(sealed), *officer.passphrase, f"--author={AUTHOR}")
    assert officer.privacy("dpia", "sign", file, *words).exit_code == 0
    told = officer.privacy("activate", file, "--office", str(officer.office), *officer.passphrase)
    assert told.exit_code == 2
    assert "who puts a policy in force" in told.stderr


def test_without_the_old_file_nobody_can_say_what_would_change(officer: Officer) -> None:
    officer.found()
    assert officer.activate(EXAMPLE).exit_code == 0
    path = Office(officer.office).policy_path(digest_of(EXAMPLE))
    path.write_bytes(EXAMPLE + b"\n")
    assert officer.activate(edited(*NEXT)).exit_code == FAILED
    path.unlink()
    told = officer.activate(edited(*NEXT))
    assert told.exit_code == FAILED
    assert "archive" in told.output


def test_a_table_that_hides_its_digest_in_one_line_is_not_edited(officer: Officer) -> None:
    without = re.sub(rb"(?m)^(scope_digest|author|approver|approval) = .*\n", b"", EXAMPLE)
    path, _ = officer.key("approver")
    file = officer.file(without)
    words = ("--ref", "DPIA-2026-01", "--key", path, *officer.passphrase, f"--author={AUTHOR}")
    assert officer.privacy("dpia", "sign", file, *words).exit_code == 0, "a table without the lines gets them"
    inline = without.replace(b"[[dpia]]\nref", b"[[ dpia ]]\nref")
    assert officer.privacy("dpia", "sign", officer.file(inline), *words).exit_code == FAILED
