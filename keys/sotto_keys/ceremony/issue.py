"""Issuing a credential for a device that asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sotto_keys.shared import strict_json
from sotto_keys.shared.credential import Credential
from sotto_keys.shared.dsse import CREDENTIAL_TYPE, seal_envelope
from sotto_keys.shared.untrusted import Inconsistent, Malformed

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_keys.ceremony.device_request import DeviceRequest
    from sotto_keys.ceremony.office import Office
    from sotto_keys.shared.secret import Signer
    from sotto_wire.ids import Millis

DAY_MS: Final = 24 * 3600 * 1000
BACKDATED_MS: Final = DAY_MS
"""A key package is backdated a day for clocks that are behind; its credential must not begin later."""
LONGEST_DAYS: Final = 30
"""A credential nobody renews ends by itself within a month."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the officer adds to a request: who it is, for people, and what they may do."""

    name: str
    roles: tuple[str, ...]
    desks: tuple[str, ...]
    kind: Literal["human", "bot"]
    days: int


def issue(
    office: Office, request: DeviceRequest, grant: Grant, *, signer: Signer, now: Millis, cred_id: str
) -> tuple[Credential, Path]:
    """Signs and files the credential. `Inconsistent` for another organisation's request, `Malformed` for a life or name that cannot be."""
    if request.org != office.roots().newest.document.org:
        raise Inconsistent("a request to another organisation")
    if not 1 <= grant.days <= LONGEST_DAYS:
        raise Malformed(f"days must be 1 to {LONGEST_DAYS}")
    trust = office.trust()
    cut_off = trust.revoke_before.get(request.person, 0) if trust else 0
    # Backdated no further than the person's cut-off, or the new credential would be born revoked.
    begins = max(now - BACKDATED_MS, cut_off)
    credential = _credential(request, grant, begins=begins, now=now, cred_id=cred_id)
    envelope = seal_envelope(CREDENTIAL_TYPE, strict_json.write(credential), signers=[signer])
    path = office.credential_path(cred_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(envelope.to_bytes())
    return credential, path


def _credential(request: DeviceRequest, grant: Grant, *, begins: int, now: Millis, cred_id: str) -> Credential:
    try:
        return Credential(
            org=request.org,
            cred_id=cred_id,
            person=request.person,
            device=request.device,
            leaf_key=request.leaf_key,
            name=grant.name,
            kind=grant.kind,
            roles=list(grant.roles),
            desks=list(grant.desks),
            nbf=begins,
            exp=now + grant.days * DAY_MS,
        )
    except ValueError as error:
        raise Malformed(str(error)) from None
