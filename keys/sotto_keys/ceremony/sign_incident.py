"""Signing an incident notice: from the officer's TOML file to an envelope in the public folder."""

from __future__ import annotations

import datetime as dt
import tomllib
from typing import TYPE_CHECKING, Final

import msgspec

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import INCIDENT_TYPE, seal_envelope
from sotto_keys.shared.incident import Incident, Parts
from sotto_keys.shared.text_forms import Slug
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.limits import INCIDENT_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_keys.ceremony.office import Office
    from sotto_keys.shared.secret import Signer
    from sotto_wire.ids import Millis

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class IncidentFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the officer writes. Times carry their zone, so that nobody has to guess whose midnight it was."""

    incident: Slug
    affects_from: dt.datetime
    affects_to: dt.datetime
    expires: dt.datetime
    contact: str
    texts: dict[str, dict[str, str]]


def read_incident_file(octets: bytes) -> IncidentFile:
    """The officer's file, or `Malformed`."""
    try:
        return msgspec.convert(tomllib.loads(octets.decode("utf-8")), type=IncidentFile, strict=True)
    except (ValueError, msgspec.ValidationError) as error:
        raise Malformed(str(error)) from None


def sign_incident(office: Office, file: IncidentFile, *, signer: Signer, now: Millis) -> tuple[Incident, Path]:
    """Signs and files the notice; the same name again is a correction. `Malformed` for one that no device would show."""
    incident = _incident(file, org=office.roots().newest.document.org, now=now)
    envelope = seal_envelope(INCIDENT_TYPE, strict_json.write(incident), signers=[signer]).to_bytes()
    if len(envelope) > INCIDENT_BYTES:
        raise Malformed(f"the notice has {len(envelope)} bytes with its signature; {INCIDENT_BYTES} are the limit")
    path = office.incident_path(incident.incident)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(envelope)
    return incident, path


def _incident(file: IncidentFile, *, org: str, now: Millis) -> Incident:
    try:
        return Incident(
            org=org,
            incident=file.incident,
            issued_at=now,
            affects_from=_ms(file.affects_from),
            affects_to=_ms(file.affects_to),
            texts={language: _parts(texts) for language, texts in file.texts.items()},
            contact=file.contact.strip(),
            expires=_ms(file.expires),
        )
    except ValueError as error:
        raise Malformed(str(error)) from None


def _parts(texts: dict[str, str]) -> Parts:
    """A block of TOML text ends with a line feed that nobody meant."""
    try:
        return msgspec.convert({name: text.strip() for name, text in texts.items()}, type=Parts, strict=True)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from None


def _ms(time: dt.datetime) -> int:
    if time.tzinfo is None:
        raise Malformed("a time without its zone, such as 2026-11-25T08:00:00Z")
    return (time - _EPOCH) // dt.timedelta(milliseconds=1)
