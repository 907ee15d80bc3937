"""The key packages held for a device: how many, claiming one, and the alarm when few are left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_server.domain.rings import Rings
from sotto_wire.ids import Millis
from sotto_wire.limits import KEY_PACKAGES_LOW

if TYPE_CHECKING:
    from sotto_server.domain.directory import KeyPackageEntry
    from sotto_server.ports import Unit
    from sotto_wire.ids import DeviceKey


@dataclass(frozen=True, slots=True)
class Stock:
    """What is held for one device and can still be used."""

    single_use: tuple[KeyPackageEntry, ...]
    last_resort: KeyPackageEntry | None

    @property
    def last_resort_until(self) -> Millis:
        return Millis(0) if self.last_resort is None else self.last_resort.expires_at


def stock_of(unit: Unit, device: DeviceKey, *, now: Millis) -> Stock:
    held = [each for each in unit.key_packages.find(device=device) if each.expires_at > now]
    last_resort = next((each for each in held if each.last_resort), None)
    return Stock(single_use=tuple(each for each in held if not each.last_resort), last_resort=last_resort)


def claim(unit: Unit, device: DeviceKey, *, now: Millis) -> KeyPackageEntry | None:
    """The single-use one that lasts longest, for the customer may be away; it leaves the directory. Else the one of last resort."""
    stock = stock_of(unit, device, now=now)
    if not stock.single_use:
        warn_if_low(unit, device, left=0)
        return stock.last_resort
    claimed = max(stock.single_use, key=lambda each: each.expires_at)
    unit.key_packages.remove(claimed.reference)
    warn_if_low(unit, device, left=len(stock.single_use) - 1)
    return claimed


def claim_for_call(unit: Unit, device: DeviceKey, *, credential: bytes, now: Millis) -> KeyPackageEntry | None:
    """One made under this very credential: a single-use one where there are plenty, else the one of last resort.

    So left messages do not empty the desk's day, and a package from before the device was on call is not offered.
    """
    stock = stock_of(unit, device, now=now)
    newest = max(stock.single_use, key=lambda each: each.expires_at, default=None)
    last = stock.last_resort if _is_under(stock.last_resort, credential) else None
    if _is_under(newest, credential) and (last is None or len(stock.single_use) > KEY_PACKAGES_LOW):
        return claim(unit, device, now=now)
    return last


def _is_under(entry: KeyPackageEntry | None, credential: bytes) -> bool:
    return entry is not None and parse_key_package(entry.package).leaf.credential.identity == credential


def warn_if_low(unit: Unit, device: DeviceKey, *, left: int) -> None:
    """The device hears of it, to publish more, and so does the relay's log."""
    if left < KEY_PACKAGES_LOW:
        unit.ring(Rings(devices=frozenset({device}), low={device: left}))
