"""`sotto trust publish`: carry signed documents to a relay. They prove themselves, so nobody signs in for this."""

from __future__ import annotations

import datetime as dt
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

import click
import msgspec

from sotto_cli.output import json_option, tell
from sotto_cli.relay_data import at_the_relay
from sotto_keys.shared.dsse import CREDENTIAL_TYPE, INCIDENT_TYPE, ROOT_TYPE, TRUST_TYPE, parse_envelope
from sotto_keys.shared.text_forms import from_base64url, to_base64url
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.faults import Fault
from sotto_server.policyfile.load import load_policy
from sotto_server.usecases.publish_documents import Documents, publish_documents

WITHIN_S: Final = 20.0
_PLACES: Final = {ROOT_TYPE: "roots", CREDENTIAL_TYPE: "credentials", TRUST_TYPE: "trust", INCIDENT_TYPE: "incidents"}


@click.group()
def trust() -> None:
    """The organisation's signed documents."""


@trust.command("publish")
@click.option("--relay", "relay", help="Such as https://chat.example.com")
@click.option(
    "--data", "data", type=click.Path(path_type=Path, file_okay=False), help="Instead: a relay's data directory."
)
@click.argument(
    "files", type=click.Path(path_type=Path, exists=True, dir_okay=False), nargs=-1, required=True, metavar="FILES..."
)
@json_option
def publish(*, relay: str | None, data: Path | None, files: tuple[Path, ...], as_json: bool) -> None:
    """Send roots, the trust document, credentials, policy files and incident notices; the relay verifies each and takes all or none.

    With --data they go into the database of a relay that does not run, such as one whose policy is no longer usable.
    """
    if (relay is None) == (data is None):
        raise click.UsageError("either --relay or --data")
    documents: dict[str, list[str]] = {"roots": [], "trust": [], "credentials": [], "policies": [], "incidents": []}
    for path in files:
        octets = path.read_bytes()
        documents[_place(path, octets)].append(to_base64url(octets))
    if len(documents["trust"]) > 1:
        raise click.UsageError("more than one trust document: publish the newest")
    if relay is not None:
        body = {**documents, "trust": documents["trust"][0] if documents["trust"] else None}
        _post(f"{relay.rstrip('/')}/v1/documents", msgspec.json.encode(body))
    else:
        _put(data, documents)
    counts = {place: len(texts) for place, texts in documents.items()}
    tell({"published": counts}, as_json=as_json, people=f"Published {len(files)} documents.")


def _put(data: Path | None, texts: dict[str, list[str]]) -> None:
    """The same use case as the relay's, with the same proofs."""
    read = {place: tuple(map(from_base64url, each)) for place, each in texts.items()}
    trust = read["trust"][0] if read["trust"] else None
    documents = Documents(
        roots=read["roots"],
        trust=trust,
        credentials=read["credentials"],
        policies=read["policies"],
        incidents=read["incidents"],
    )
    with at_the_relay(data) as operator:
        operator.commit(publish_documents, documents)


def _place(path: Path, octets: bytes) -> str:
    """Which kind of document it is, by what it says of itself; policy files are TOML."""
    if path.suffix == ".toml":
        try:
            load_policy(octets, at=dt.datetime.now(tz=dt.UTC).date())
        except Fault as fault:
            raise click.ClickException(f"{path.name}: {fault}") from None
        return "policies"
    try:
        return _PLACES[parse_envelope(octets).payload_type]
    except (Untrusted, KeyError):
        raise click.ClickException(
            f"{path.name} is no root, trust document, credential, incident notice or policy"
        ) from None


def _post(url: str, body: bytes) -> None:
    if not url.startswith(("https://", "http://")):
        raise click.UsageError("--relay is an http(s) address")
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=WITHIN_S):  # noqa: S310 - checked
            return
    except urllib.error.HTTPError as error:
        raise click.ClickException(f"the relay refused: {_code(error.read())}") from None
    except (urllib.error.URLError, TimeoutError) as error:
        raise click.ClickException(f"the relay cannot be reached: {error}") from None


def _code(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return "no reason given"
    return str(answer.get("code")) if isinstance(answer, dict) else "no reason given"
