"""`sotto keys …`: what an officer does, offline, in the organisation's folder. Results on stdout, words for people on stderr."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sotto_cli.output import json_option, request_for_people, tell
from sotto_cli.passphrase import passphrase_option
from sotto_keys.ceremony.device_request import parse_request
from sotto_keys.ceremony.found import Organisation, found
from sotto_keys.ceremony.issue import Grant, issue
from sotto_keys.ceremony.office import Office
from sotto_keys.ceremony.renew_trust import Change, renew_trust
from sotto_keys.ceremony.sealed_key import ISSUING_HARDNESS, ROOT_HARDNESS, UNSAFE_FOR_TESTS_HARDNESS
from sotto_keys.shared import strict_json
from sotto_keys.shared.text_forms import fingerprint
from sotto_keys.shared.trust import Release, Revoked, StatementKeyEntry
from sotto_keys.shared.words import organisation_words
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from sotto_keys.ceremony.device_request import DeviceRequest
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.secret import SecretText

folder_option = click.option(
    "--office", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="The officer's folder."
)
file_type = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def keys() -> None:
    """Root, trust and credentials: offline work of an officer."""


@keys.command("init")
@click.option("--org", required=True, help="Short name: letters, digits, hyphens.")
@click.option("--name", required=True, help="The name customers see.")
@click.option("--out", "folder", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--unsafe-for-tests-light", "light", is_flag=True, hidden=True)
@passphrase_option
@json_option
def init_organisation(*, org: str, name: str, folder: Path, light: bool, passphrase: SecretText, as_json: bool) -> None:
    """Make the organisation's first root and issuing key."""
    hardness = (UNSAFE_FOR_TESTS_HARDNESS,) * 2 if light else (ROOT_HARDNESS, ISSUING_HARDNESS)
    organisation = Organisation(org=org, name=name)
    digest = found(
        folder, organisation, passphrase=passphrase, now=_now(), entropy=secrets.token_bytes, hardness=hardness
    )
    words = organisation_words(digest)
    facts = {"root": str(Office(folder).root_path(1)), "fingerprint": fingerprint(digest), "words": list(words)}
    tell(facts, as_json=as_json, people=f"{name} is founded. Organisation words: {' · '.join(words)}")


@keys.command("requests")
@click.argument("requests", nargs=-1, required=True)
@json_option
def show_requests(*, requests: tuple[str, ...], as_json: bool) -> None:
    """Show device requests: files, or codes read from the person's screen."""
    read = [_request(each) for each in requests]
    rows = [
        {"org": each.org, "person": each.person, "device": each.device, "leaf_key": each.leaf_key, "words": each.words}
        for each in read
    ]
    people = "\n".join(map(request_for_people, read))
    tell({"requests": rows}, as_json=as_json, people=people)


@keys.command("issue")
@click.argument("request")
@folder_option
@click.option("--name", required=True, help="The name customers see.")
@click.option("--desk", "desks", multiple=True, required=True)
@click.option("--role", "roles", multiple=True, default=("agent",), show_default=True)
@click.option("--kind", type=click.Choice(["human", "bot"]), default="human", show_default=True)
@click.option("--days", type=click.IntRange(1, 30), default=30, show_default=True)
@passphrase_option
@json_option
def issue_credential(  # noqa: PLR0913 - one argument for each option of the command
    *,
    request: str,
    folder: Path,
    name: str,
    desks: tuple[str, ...],
    roles: tuple[str, ...],
    kind: str,
    days: int,
    passphrase: SecretText,
    as_json: bool,
) -> None:
    """Sign a credential for the device of REQUEST (a file or a code). Compare the words with the person before."""
    office = Office(folder)
    grant = Grant(name=name, roles=roles, desks=desks, kind="bot" if kind == "bot" else "human", days=days)
    signer = office.issuing_key(passphrase)
    cred_id = f"c-{secrets.token_hex(8)}"
    credential, path = issue(office, _request(request), grant, signer=signer, now=_now(), cred_id=cred_id)
    people = f"Issued {cred_id} to {name}. Publish it: sotto trust publish --relay URL {path}"
    tell({"cred_id": cred_id, "file": str(path), "exp": credential.exp}, as_json=as_json, people=people)


@keys.command("revoke")
@click.argument("cred_id")
@folder_option
@click.option("--reason", required=True, help="Stands in the published trust document: no names.")
@passphrase_option
@json_option
def revoke_credential(*, cred_id: str, folder: Path, reason: str, passphrase: SecretText, as_json: bool) -> None:
    """Sign a new trust document that revokes a credential. It takes effect when it is published."""
    office = Office(folder)
    office.credential(cred_id)
    now = _now()
    change = Change(revoked=(Revoked(cred_id=cred_id, at=now, reason=reason),))
    _sign_trust(office, change, passphrase=passphrase, now=now, as_json=as_json)


@keys.command("trust")
@folder_option
@click.option("--statement-key", "statement_keys", type=file_type, multiple=True)
@click.option("--policy", "policies", type=file_type, multiple=True)
@click.option("--release", "releases", type=file_type, multiple=True)
@passphrase_option
@json_option
def sign_trust(
    *,
    folder: Path,
    statement_keys: tuple[Path, ...],
    policies: tuple[Path, ...],
    releases: tuple[Path, ...],
    passphrase: SecretText,
    as_json: bool,
) -> None:
    """Sign the next trust document, with what is added; without additions it is a renewal."""
    change = Change(
        statement_keys=tuple(strict_json.read(path.read_bytes(), StatementKeyEntry) for path in statement_keys),
        policies=tuple(path.read_bytes() for path in policies),
        releases=tuple(strict_json.read(path.read_bytes(), Release) for path in releases),
    )
    _sign_trust(Office(folder), change, passphrase=passphrase, now=_now(), as_json=as_json)


@keys.command("list")
@folder_option
@json_option
def list_keys(*, folder: Path, as_json: bool) -> None:
    """What was signed here: root, trust, credentials and when each ends."""
    office = Office(folder)
    root, trust, now = office.roots().newest, office.trust(), _now()
    revoked = {each.cred_id for each in trust.revoked} if trust else set()
    rows = [_row(each, revoked=each.cred_id in revoked, now=now) for each in office.credentials()]
    facts = {
        "root": {"version": root.document.version, "expires": root.document.expires},
        "trust": None if trust is None else {"version": trust.version, "expires": trust.expires},
        "credentials": rows,
    }
    people = "\n".join(f"{row['cred_id']}  {row['name']}  {row['state']}" for row in rows) or "No credentials yet."
    tell(facts, as_json=as_json, people=people)


def _row(credential: Credential, *, revoked: bool, now: Millis) -> dict[str, str | int]:
    state = "revoked" if revoked else "in force" if credential.nbf <= now < credential.exp else "run out"
    return {
        "cred_id": credential.cred_id,
        "person": credential.person,
        "name": credential.name,
        "device": credential.device,
        "exp": credential.exp,
        "state": state,
    }


def _sign_trust(office: Office, change: Change, *, passphrase: SecretText, now: Millis, as_json: bool) -> None:
    document, path = renew_trust(office, change, signer=office.issuing_key(passphrase), now=now)
    people = f"Trust {document.version} is signed. Publish it: sotto trust publish --relay URL {path}"
    tell({"version": document.version, "file": str(path), "expires": document.expires}, as_json=as_json, people=people)


def _request(text: str) -> DeviceRequest:
    path = Path(text)
    is_code = text.upper().startswith("SOTTO-")
    return parse_request(text.encode() if is_code else path.read_bytes())


def _now() -> Millis:
    return Millis(time.time_ns() // 1_000_000)
