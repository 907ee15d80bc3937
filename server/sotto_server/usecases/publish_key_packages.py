"""Keep key packages of a device, verified before the committer: both signatures, lifetime, credential, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.mls.key_package import KeyPackage, parse_key_package, verify_key_package
from sotto_keys.shared.untrusted import Inconsistent
from sotto_server.domain.directory import KeyPackageEntry
from sotto_server.usecases.believed import believed
from sotto_server.usecases.sign_in import check_sign_in
from sotto_server.usecases.standing import require_credential
from sotto_wire.frames import KeyPackagesHeld, PublishKeyPackages
from sotto_wire.ids import Millis
from sotto_wire.limits import KEY_PACKAGES_HELD, LAST_RESORT_LIFE_MS

if TYPE_CHECKING:
    from sotto_server.domain.speaker import Asked, Speaker
    from sotto_server.ports import Unit


@dataclass(frozen=True, slots=True)
class VerifiedKeyPackages:
    """Key packages that this device may be added with."""

    ref: int
    by: Speaker
    entries: tuple[KeyPackageEntry, ...]


def verify_key_packages(unit: Unit, asked: Asked[PublishKeyPackages], /, *, now: Millis) -> VerifiedKeyPackages:
    """A query. Refuses with `NotSignedIn`, `NoCredential`, or any kind of `Untrusted`."""
    check_sign_in(unit, asked.by, now=now)
    require_credential(unit, asked.by.device, now=now)
    frame = asked.frame
    entries = [_verify(unit, each, last_resort=False, by=asked.by, now=now) for each in frame.packages]
    if frame.last_resort is not None:
        entries.append(_verify(unit, frame.last_resort, last_resort=True, by=asked.by, now=now))
    return VerifiedKeyPackages(ref=frame.ref, by=asked.by, entries=tuple(entries))


def _verify(unit: Unit, octets: bytes, *, last_resort: bool, by: Speaker, now: Millis) -> KeyPackageEntry:
    package = parse_key_package(octets)
    verify_key_package(package, at=now // 1000)
    if package.leaf.signature_key != by.device or package.is_last_resort != last_resort:
        raise Inconsistent("a key package of another device or kind")
    if last_resort and _ends(package) > now + LAST_RESORT_LIFE_MS:
        raise Inconsistent("a last resort that lasts too long")
    believed(unit).judge_credential(package.leaf.credential.identity, at=now, leaf_key=by.device)
    return KeyPackageEntry(
        reference=package.reference(),
        device=by.device,
        last_resort=last_resort,
        expires_at=_ends(package),
        package=octets,
    )


def _ends(package: KeyPackage) -> Millis:
    lifetime = package.leaf.lifetime
    assert lifetime is not None, "verified above"
    return Millis(lifetime.not_after * 1000)


def publish_key_packages(unit: Unit, verified: VerifiedKeyPackages, /, *, now: Millis) -> KeyPackagesHeld:
    """Keep them, up to the limit; the answer says how many single-use ones are held. Refuses with `NotSignedIn` or `NoCredential`."""
    device = verified.by.device
    check_sign_in(unit, verified.by, now=now)
    require_credential(unit, device, now=now)
    held = {each.reference for each in unit.key_packages.find(device=device, last_resort=False)}
    for each in verified.entries:
        if each.last_resort:
            for old in unit.key_packages.find(device=device, last_resort=True):
                unit.key_packages.remove(old.reference)
        elif each.reference not in held:
            if len(held) >= KEY_PACKAGES_HELD:
                continue
            held.add(each.reference)
        unit.key_packages.put(each)
    return KeyPackagesHeld(ref=verified.ref, single_use=len(held))
