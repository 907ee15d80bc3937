"""The next trust document: what the newest one says, with what is added to it and who is revoked, for another 30 days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import TRUST_TYPE, seal_envelope
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.trust import PolicyEntry, Release, Revoked, StatementKeyEntry, TrustDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sotto_keys.ceremony.office import Office
    from sotto_keys.shared.secret import Signer
    from sotto_wire.ids import Millis

TRUST_LIFE_MS: Final = 30 * 24 * 3600 * 1000
"""How long a relay could hide a revocation; an officer renews from two thirds of it on."""
POLICY_LIFE_MS: Final = 365 * 24 * 3600 * 1000
"""A policy is looked at again at least once a year."""

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Change:
    """What is added; a policy as the bytes of its file."""

    statement_keys: tuple[StatementKeyEntry, ...] = ()
    policies: tuple[bytes, ...] = ()
    releases: tuple[Release, ...] = ()
    revoked: tuple[Revoked, ...] = ()


def renew_trust(office: Office, change: Change, *, signer: Signer, now: Millis) -> tuple[TrustDocument, Path]:
    """Signs and files version N + 1, or version 1."""
    before = office.trust() or _nothing(office, now=now)
    entries = tuple(_policy_entry(policy, now=now) for policy in change.policies)
    document = TrustDocument(
        org=before.org,
        version=before.version + 1,
        root_version=office.roots().newest.document.version,
        issued=now,
        expires=now + TRUST_LIFE_MS,
        revoked=_merged(before.revoked, change.revoked, by=lambda each: each.cred_id),
        revoke_before=before.revoke_before,
        statement_keys=_merged(before.statement_keys, change.statement_keys, by=lambda each: each.keyid),
        site_keys=[],
        releases=_merged(before.releases, change.releases, by=lambda each: each.version),
        policies=_merged(before.policies, entries, by=lambda each: each.digest),
        log_origin=before.log_origin,
    )
    path = office.trust_path(document.version)
    path.write_bytes(seal_envelope(TRUST_TYPE, strict_json.write(document), signers=[signer]).to_bytes())
    return document, path


@dataclass(frozen=True, slots=True)
class _Nothing:
    """What stands before version 1."""

    org: str
    log_origin: str
    version: int = 0
    revoked: tuple[Revoked, ...] = ()
    statement_keys: tuple[StatementKeyEntry, ...] = ()
    releases: tuple[Release, ...] = ()
    policies: tuple[PolicyEntry, ...] = ()

    @property
    def revoke_before(self) -> dict[str, int]:
        return {}


def _nothing(office: Office, *, now: Millis) -> _Nothing:
    root = office.roots().newest.document
    assert now < root.expires, "the root has run out"
    return _Nothing(org=root.org, log_origin=f"{root.org}/sotto")


def _policy_entry(policy: bytes, *, now: Millis) -> PolicyEntry:
    return PolicyEntry(digest=digest_of(policy).hex(), nbf=now, exp=now + POLICY_LIFE_MS)


def _merged(old: Iterable[Entry], new: Iterable[Entry], *, by: Callable[[Entry], str]) -> list[Entry]:
    """The old entries, each replaced by a new one of the same name, then the other new ones."""
    return list({by(each): each for each in (*old, *new)}.values())
