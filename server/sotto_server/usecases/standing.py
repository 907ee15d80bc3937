"""What credential a device has: none, asked for, in force, or revoked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_server.domain.directory import CredentialEntry
from sotto_server.domain.rings import Rings
from sotto_wire.ids import CredentialId, Millis
from sotto_wire.refusals import NoCredential

if TYPE_CHECKING:
    from sotto_keys.shared.credential import Credential
    from sotto_server.domain.directory import DeviceState
    from sotto_server.ports import Unit
    from sotto_wire.ids import DeviceKey


@dataclass(frozen=True, slots=True)
class Standing:
    """The state, and the credential where one is in force."""

    state: DeviceState
    entry: CredentialEntry | None = None

    @property
    def envelope(self) -> bytes | None:
        return None if self.entry is None else self.entry.envelope


def device_standing(unit: Unit, device: DeviceKey, *, now: Millis) -> Standing:
    entries = unit.credentials.find(device=device)
    in_force = [each for each in entries if not each.void and each.issued_at <= now < each.expires_at]
    if in_force:
        return Standing("issued", max(in_force, key=lambda each: each.expires_at))
    if any(each.void for each in entries):
        return Standing("revoked")
    known = unit.devices.get(device)
    return Standing("pending" if known is not None and known.requested_at is not None else "unknown")


def keep_credential(unit: Unit, credential: Credential, *, envelope: bytes, now: Millis) -> None:
    """From here on its revocation cuts the device off. The caller has judged it; the name is free."""
    unit.credentials.put(
        CredentialEntry(
            credential=CredentialId(credential.cred_id),
            device=credential.device_key,
            issued_at=Millis(credential.nbf),
            expires_at=Millis(credential.exp),
            envelope=envelope,
            void=False,
            kept_at=now,
        )
    )
    unit.ring(Rings(devices=frozenset({credential.device_key})))


def require_credential(unit: Unit, device: DeviceKey, *, now: Millis) -> CredentialEntry:
    """The credential in force, or `NoCredential`."""
    entry = device_standing(unit, device, now=now).entry
    if entry is None:
        raise NoCredential("none in force")
    return entry
