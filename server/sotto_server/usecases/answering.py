"""What a device needs to answer at a desk: its agent's own credential for it, and a key package to be added with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.credential import ROLE_AGENT
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.usecases.believed import believed
from sotto_server.usecases.key_package_stock import claim
from sotto_server.usecases.standing import require_credential
from sotto_wire.refusals import NoCredential, NoKeyPackage

if TYPE_CHECKING:
    from sotto_server.domain.directory import KeyPackageEntry
    from sotto_server.ports import Unit
    from sotto_wire.ids import AgentId, DeskId, DeviceKey, Millis


def require_answerer(unit: Unit, device: DeviceKey, *, agent: AgentId | None, desk: DeskId, now: Millis) -> None:
    """`NoCredential` unless the organisation lets this agent answer for the desk on this device."""
    entry = require_credential(unit, device, now=now)
    try:
        credential = believed(unit).judge_credential(
            entry.envelope, at=now, leaf_key=device, desk=desk, role=ROLE_AGENT
        )
    except Untrusted as error:
        raise NoCredential(str(error)) from None
    if credential.person != agent:
        # The customer would be told the name of somebody who did not sign in.
        raise NoCredential("another person's device")


def packages_held(unit: Unit, device: DeviceKey, *, now: Millis) -> list[KeyPackageEntry]:
    """Key packages that the device could be added with now."""
    return [each for each in unit.key_packages.find(device=device) if each.expires_at > now]


def claim_package(unit: Unit, device: DeviceKey, *, now: Millis) -> KeyPackageEntry:
    """As `claim`, or `NoKeyPackage`."""
    claimed = claim(unit, device, now=now)
    if claimed is None:
        raise NoKeyPackage("none held")
    return claimed
