"""`sotto privacy dpia …` and `key`: somebody other than the author approves what the purposes are now."""

from __future__ import annotations

import difflib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from sotto_cli.output import json_option, tell
from sotto_cli.passphrase import passphrase_option
from sotto_keys.ceremony.sealed_key import (
    ISSUING_HARDNESS,
    UNSAFE_FOR_TESTS_HARDNESS,
    parse_sealed_key,
    seal_key,
    unseal_key,
)
from sotto_keys.secret_files import read_secret_file, write_secret_file
from sotto_keys.shared import strict_json
from sotto_keys.shared.policy.projections import scope_digest, scope_projection
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.secret import SecretSigningKey
from sotto_keys.shared.text_forms import to_base64url
from sotto_server.policyfile.sign import sign_dpia

if TYPE_CHECKING:
    from sotto_keys.shared.policy.shape import Policy
    from sotto_keys.shared.secret import SecretText

SEED_BYTES: Final = 32
TRIGGERS: Final = {
    " special ": "sensitive data or data of a highly personal nature",
    " true true\n": "automated decisions, or evaluation",
    " false true\n": "automated decisions, or evaluation",
    "recipient ": "matching or combining data sets, transfer to others",
    "category ": "data processed on a larger scale",
    "purpose ": "a new use, perhaps of a new technology",
}
"""The criteria of WP248 rev.01 that a line of the scope can bear on; the others are for people to judge."""
file_type = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("key")
@click.option("--out", "path", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--unsafe-for-tests-light", "light", is_flag=True, hidden=True)
@passphrase_option
@json_option
def make_key(*, path: Path, light: bool, passphrase: SecretText, as_json: bool) -> None:
    """Make a key for somebody who writes or approves assessments, sealed under a passphrase."""
    key = SecretSigningKey(secrets.token_bytes(SEED_BYTES))
    hardness = UNSAFE_FOR_TESTS_HARDNESS if light else ISSUING_HARDNESS
    sealed = seal_key("approver", key, passphrase=passphrase, hardness=hardness, entropy=secrets.token_bytes)
    write_secret_file(path, strict_json.write(sealed))
    public = to_base64url(key.public)
    tell({"public": public, "file": str(path)}, as_json=as_json, people=f"Public key: {public}")


@click.group()
def dpia() -> None:
    """Data protection impact assessments: tied to what the purposes are, not to a document's date."""


@dpia.command("diff")
@click.argument("old", type=file_type)
@click.argument("new", type=file_type)
@json_option
def diff_scopes(*, old: Path, new: Path, as_json: bool) -> int:
    """How the scope of each assessment changed from OLD to NEW. Exit code 1: it did."""
    before, after = read_policy(old.read_bytes()), read_policy(new.read_bytes())
    refs = dict.fromkeys(each.ref for each in (*before.dpia, *after.dpia))
    changed = {ref: lines for ref in refs if (lines := _changed_lines(_scope(before, ref), _scope(after, ref)))}
    triggers = sorted(
        {
            words
            for lines in changed.values()
            for line in lines
            for mark, words in TRIGGERS.items()
            if mark in f"{line}\n"
        }
    )
    people = (
        "\n".join(f"{ref}\n  " + "\n  ".join(lines) for ref, lines in changed.items()) or "Every scope is the same."
    )
    if triggers:
        people += "\nLook again at: " + "; ".join(triggers)
    tell({"scopes": changed, "triggers": triggers}, as_json=as_json, people=people)
    return 1 if changed else 0


@dpia.command("sign")
@click.argument("file", type=file_type)
@click.option("--ref", required=True, help="Which [[dpia]] of the file.")
@click.option("--author", required=True, help="Public key of who wrote it; must be another one.")
@click.option("--key", "key_file", type=file_type, required=True, help="Your key, made by `sotto privacy key`.")
@passphrase_option
@json_option
def sign(*, file: Path, ref: str, author: str, key_file: Path, passphrase: SecretText, as_json: bool) -> None:
    """Approve the scope as it is in FILE: writes scope_digest, author, approver and approval into it."""
    signer = unseal_key(parse_sealed_key(read_secret_file(key_file)), passphrase=passphrase)
    octets = sign_dpia(file.read_bytes(), ref, author=author, signer=signer)
    file.write_bytes(octets)
    policy = read_policy(octets)
    digest = next(scope_digest(policy, each).hex() for each in policy.dpia if each.ref == ref)
    tell({"ref": ref, "scope_digest": digest}, as_json=as_json, people=f"{ref} is approved for {digest}.")


def _scope(policy: Policy, ref: str) -> list[str]:
    found = next((each for each in policy.dpia if each.ref == ref), None)
    return [] if found is None else scope_projection(policy, found).decode().splitlines()


def _changed_lines(before: list[str], after: list[str]) -> list[str]:
    return [line for line in difflib.ndiff(before, after) if line.startswith(("+", "-"))]
