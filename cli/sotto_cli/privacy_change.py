"""`sotto privacy diff` and `activate`: from the policy in force to the next one, by an officer's signature."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from sotto_cli.output import json_option, tell
from sotto_cli.passphrase import passphrase_option
from sotto_keys.ceremony.office import Office
from sotto_keys.ceremony.renew_trust import Change, renew_trust
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.text_forms import digest_of, to_base64url
from sotto_server.domain.policy_change import change_between
from sotto_server.domain.policy_findings import Finding
from sotto_server.domain.policy_world import day_of
from sotto_server.policyfile.check import ERRORS, OK, check_policy
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from sotto_keys.shared.policy.shape import Policy
    from sotto_keys.shared.secret import SecretText
    from sotto_keys.shared.trust import PolicyEntry
    from sotto_server.domain.policy_change import PolicyChange

file_type = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("old", type=file_type)
@click.argument("new", type=file_type)
@json_option
def diff(*, old: Path, new: Path, as_json: bool) -> int:
    """What changes from OLD to NEW, and who must be asked again. Exit code 2: NEW may not follow OLD."""
    change = change_between(read_policy(old.read_bytes()), read_policy(new.read_bytes()))
    tell(msgspec.to_builtins(change), as_json=as_json, people=_in_words(change))
    return ERRORS if change.findings else OK


@click.command()
@click.argument("file", type=file_type)
@click.option("--office", "folder", type=click.Path(path_type=Path, file_okay=False), required=True)
@passphrase_option
@json_option
def activate(*, file: Path, folder: Path, passphrase: SecretText, as_json: bool) -> int:
    """Put FILE in force: an officer signs its digest into the next trust document. Refuses a policy with errors (exit code 2)."""
    now, octets, office = Millis(time.time_ns() // 1_000_000), file.read_bytes(), Office(folder)
    report = check_policy(octets, at=day_of(now))
    findings = list(report.errors)
    before = _in_force(office, now=now)
    if report.policy is not None and before is not None:
        findings += change_between(before, report.policy).findings
    signer = office.issuing_key(passphrase)
    if report.policy is not None and any(each.approver == to_base64url(signer.public) for each in report.policy.dpia):
        findings.append(Finding("E053", "dpia", "who puts a policy in force is not who approved its assessment"))
    if findings:
        people = "\n".join(f"{each.code}  {each.path}: {each.message}" for each in findings)
        tell({"findings": msgspec.to_builtins(findings)}, as_json=as_json, people=people)
        return ERRORS
    archive = office.policy_path(digest_of(octets))
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(octets)
    document, path = renew_trust(office, Change(policies=(octets,)), signer=signer, now=now)
    facts = {"digest": digest_of(octets).hex(), "version": document.version, "file": str(path), "policy": str(archive)}
    people = f"Trust {document.version} names it. Publish both: sotto trust publish --relay URL {path} {archive}"
    tell(facts, as_json=as_json, people=people)
    return OK


def _in_force(office: Office, *, now: Millis) -> Policy | None:
    """The newest policy that trust lists. Without its file nobody can say what would change, so it must be in the archive."""
    trust = office.trust()
    listed: list[PolicyEntry] = [] if trust is None else [each for each in trust.policies if each.nbf <= now < each.exp]
    if not listed:
        return None
    newest = max(listed, key=lambda each: each.nbf)
    path = office.policy_path(bytes.fromhex(newest.digest))
    if not path.is_file():
        raise click.ClickException(f"put the policy that is in force into the archive first: {path}")
    octets = path.read_bytes()
    if digest_of(octets).hex() != newest.digest:
        raise click.ClickException(f"{path.name} is not the policy that its name says")
    return read_policy(octets)


def _in_words(change: PolicyChange) -> str:
    lines = [
        f"{each.effect:<10} {each.purpose}: {', '.join(each.widened) or 'other words'}" for each in change.purposes
    ]
    lines += [f"{each.code}  {each.path}: {each.message}" for each in change.findings]
    tables = ", ".join(change.tables) or "nothing"
    return "\n".join([f"Differs in: {tables}.", *lines])
