"""`sotto receipt …`: the file that a customer saved of a chat's decisions, checked without a relay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sotto_cli.output import json_option, tell
from sotto_keys.shared.receipt_bundle import verify_bundle
from sotto_keys.shared.record.saved import saved_records
from sotto_keys.shared.record.shape import array_of
from sotto_keys.shared.record.terms import utc
from sotto_keys.shared.text_forms import fingerprint, from_fingerprint, to_base64url
from sotto_keys.shared.untrusted import Malformed
from sotto_keys.shared.words import organisation_words
from sotto_wire.claims import TeamAdmission

if TYPE_CHECKING:
    from sotto_keys.shared.receipt import Receipt
    from sotto_keys.shared.receipt_bundle import ProvenBundle, ProvenDecision, ProvenReader
    from sotto_wire.ids import Digest


@click.group()
def receipt() -> None:
    """What a customer saved of their decisions."""


file_argument = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
root_option = click.option("--root", default=None, help="The organisation's root fingerprint, as its pages carry it.")


@receipt.command()
@file_argument
@root_option
@json_option
def verify(*, file: Path, root: str | None, as_json: bool) -> None:
    """Check FILE offline: every signature, every word that was shown, every receipt. Exit code 2 where anything is not as signed."""
    pinned = _pinned(root)
    proven = verify_bundle(file.read_bytes(), pinned=pinned)
    facts = {
        "organisation": proven.trust.organisation_name,
        "root": fingerprint(proven.trust.pinned),
        "words": organisation_words(proven.trust.pinned),
        "is_pinned": pinned is not None,
        "conversation": proven.bundle.conversation,
        "saved_at": proven.bundle.saved_at,
        "decisions": [_decision(each) for each in proven.decisions],
        "readers": [_reader(each) for each in proven.readers],
    }
    tell(facts, as_json=as_json, people="\n".join(_lines(proven, is_pinned=pinned is not None)))


@receipt.command()
@file_argument
@root_option
def records(*, file: Path, root: str | None) -> None:
    """The records of FILE as a JSON array, with the field names of ISO/IEC TS 27560. Checked like `verify`; exit code 2 and no output
    where anything is not as signed.
    """  # noqa: D205 - one sentence
    proven = verify_bundle(file.read_bytes(), pinned=_pinned(root))
    click.echo(array_of(saved_records(proven)), nl=False)


def _pinned(root: str | None) -> Digest | None:
    try:
        return None if root is None else from_fingerprint(root)
    except Malformed:
        raise click.UsageError("--root is not a root fingerprint") from None


def _decision(proven: ProvenDecision) -> dict[str, object]:
    claims, given, withdrawal = proven.decision.claims, proven.receipt, proven.withdrawal
    return {
        "digest": proven.decision.digest.hex(),
        "answer": claims.answer,
        "purpose": claims.purpose,
        "label": proven.label,
        "admits": _admits(proven),
        "history": claims.history,
        "language": proven.language,
        "policy": claims.policy_digest.hex(),
        "decided_at": claims.decided_at,
        "expires_at": claims.expires_at,
        "receipt": _receipt(given),
        "withdrawn_at": None if withdrawal is None else withdrawal.claims.withdrawn_at,
        "withdrawal_receipt": _receipt(proven.withdrawal_receipt),
    }


def _receipt(given: Receipt | None) -> dict[str, int] | None:
    return None if given is None else {"entry": given.ledger_index, "received_at": given.received_at}


def _admits(proven: ProvenDecision) -> dict[str, str]:
    admits, newcomer = proven.decision.claims.admits, proven.newcomer
    if isinstance(admits, TeamAdmission):
        return {"desk": admits.desk}
    named = {} if newcomer is None else {"name": newcomer.name, "kind": newcomer.kind}
    return {**named, "credential": admits.credential, "device": to_base64url(admits.leaf_key)}


def _reader(proven: ProvenReader) -> dict[str, object]:
    named = proven.credential
    return {
        "name": named.name,
        "kind": named.kind,
        "roles": named.roles,
        "desks": named.desks,
        "since": proven.since,
    }


def _lines(proven: ProvenBundle, *, is_pinned: bool) -> list[str]:
    words = " · ".join(organisation_words(proven.trust.pinned))
    known = "its root is the one you named" if is_pinned else "compare these words with the organisation's"
    lines = [f"{proven.trust.organisation_name}", f"  words:  {words} ({known})", ""]
    for each in proven.decisions:
        claims, given = each.decision.claims, each.receipt
        whom = ", ".join(f"{key} {value}" for key, value in _admits(each).items())
        lines += [
            f"{claims.answer}: {each.label}",
            f"  lets in:  {whom}",
            f"  decided:  {_when(claims.decided_at)}, counts until {_when(claims.expires_at)}",
            f"  shown:    the words of policy {claims.policy_digest.hex()[:16]}… in {each.language}",
            "  receipt:  none came"
            if given is None
            else f"  receipt:  entry {given.ledger_index}, {_when(given.received_at)}",
        ]
        if each.withdrawal is not None:
            lines.append(f"  withdrawn: {_when(each.withdrawal.claims.withdrawn_at)}")
    lines += ["", "Who could read when this was saved, as the customer's device saw it:"]
    lines += [f"  {each.credential.name}, since {_when(each.since)}" for each in proven.readers] or ["  nobody else"]
    return [*lines, "", "Everything is as it was signed."]


def _when(at: int) -> str:
    """In UTC, to the second. `Malformed` beyond the calendar: a file may state any time, and none of them may end the program."""
    return f"{utc(at)[:19].replace('T', ' ')} UTC"
