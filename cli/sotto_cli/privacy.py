"""`sotto privacy …`: the policy file checked, shown, compared, approved and put in force. Nothing here needs a relay."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from sotto_cli.output import json_option, tell
from sotto_cli.privacy_change import activate, diff
from sotto_cli.privacy_dpia import dpia, make_key
from sotto_keys.shared.policy.notice_text import notice_text
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.text_forms import digest_of
from sotto_server.domain.policy_dates import due_dates
from sotto_server.domain.policy_keeping import SOON_DAYS
from sotto_server.policyfile.check import ERRORS, OK, WARNINGS, check_policy, world_of
from sotto_server.policyfile.page import policy_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sotto_server.domain.policy_findings import Finding

file_argument = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
at_option = click.option(
    "--at", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Judge as on this day; today by default."
)


@click.group()
def privacy() -> None:
    """The privacy policy as a file."""


privacy.add_command(diff)
privacy.add_command(activate)
privacy.add_command(dpia)
privacy.add_command(make_key)


@privacy.command()
@file_argument
@at_option
@json_option
def check(*, file: Path, at: dt.datetime | None, as_json: bool) -> int:
    """Check FILE. Exit code 0: in order, 1: warnings, 2: errors."""
    octets = file.read_bytes()
    report = check_policy(octets, at=_day(at))
    rows = [msgspec.to_builtins(each) for each in report.findings]
    people = _lines(report.findings) or "In order."
    tell({"digest": digest_of(octets).hex(), "findings": rows}, as_json=as_json, people=people)
    return report.exit_code


@privacy.command()
@file_argument
@at_option
@json_option
def doctor(*, file: Path, at: dt.datetime | None, as_json: bool) -> int:
    """Every date in FILE with the days that are left. Exit code 1: one is near, 2: one has passed."""
    dues = due_dates(world_of(read_policy(file.read_bytes()), at=_day(at)))
    rows = [{"path": each.path, "on": each.on.isoformat(), "days_left": each.days_left} for each in dues]
    people = "\n".join(f"{each.on}  {each.days_left:>5} days  {each.path}" for each in dues)
    tell({"due": rows}, as_json=as_json, people=people)
    soonest = min(each.days_left for each in dues)
    return ERRORS if soonest < 0 else WARNINGS if soonest <= SOON_DAYS else OK


@privacy.command()
@file_argument
@click.option("--lang", "language", default=None, help="The default language of the file by default.")
@click.option("--desk", default=None, help="Whose notices; the first desk by default.")
@click.option("--html", is_flag=True, help="The page that the relay shows at /privacy.")
@json_option
def render(*, file: Path, language: str | None, desk: str | None, html: bool, as_json: bool) -> None:
    """The notices of FILE exactly as they are shown."""
    octets = file.read_bytes()
    policy = read_policy(octets)
    language, desk = language or policy.languages.default, desk or policy.desks[0].id
    if language not in policy.languages.available:
        raise click.UsageError(f"the policy has no {language}")
    if html:
        click.echo(policy_page(octets, language=language, is_current=True))
        return
    shown = {each.id: notice_text(policy, each.id, desk=desk, language=language) for each in policy.notices}
    rows = {name: {"paragraphs": text.paragraphs, "digest": text.digest.hex()} for name, text in shown.items()}
    people = "\n\n".join(f"[{name}]\n" + "\n\n".join(text.paragraphs) for name, text in shown.items())
    tell({"language": language, "notices": rows}, as_json=as_json, people=people)


def _day(at: dt.datetime | None) -> dt.date:
    return (at or dt.datetime.now(tz=dt.UTC)).date()


def _lines(findings: Iterable[Finding]) -> str:
    return "\n".join(f"{each.code}  {each.path}: {each.message}" for each in findings)
