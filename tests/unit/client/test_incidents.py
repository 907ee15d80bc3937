"""Tests of client/incidents: what a device shows of what it is told, and until when."""

from __future__ import annotations

import pytest
from tests.vectors.trust_world import DAY, HOUR, NOW, World, incident, incident_document, root_document, trust_document

from sotto_client.incidents import Incidents
from sotto_client.trust_keeper import TrustKeeper
from sotto_keys.shared.untrusted import BadSignature, Inconsistent, Lapsed, Untrusted
from sotto_wire.ids import Millis
from sotto_wire.limits import CLOCK_SKEW_MS


def rotated() -> World:
    world = World().with_root(root_document(2, issuing="issuing-b", prev=World().last), "root-a")
    return world.with_trust(trust_document(2, root_version=2), "issuing-b")


class Device:
    """A keeper that believes the made-up organisation; the relay serves `served`."""

    def __init__(self) -> None:
        self.now = Millis(NOW)
        self.served = World()
        self.fetched = 0
        self.keeper = TrustKeeper(World().pinned, fetch=self._fetch, now=lambda: self.now)
        self.keeper.take(World().bundle().to_bytes())
        self.incidents = Incidents(self.keeper, now=lambda: self.now)

    async def _fetch(self) -> bytes:
        self.fetched += 1
        return self.served.bundle().to_bytes()

    async def told(self, notice: bytes, *, opened_at: int = NOW, has_gone_on: bool = False) -> list[str]:
        await self.incidents.take(notice, opened_at=opened_at, has_gone_on=has_gone_on)
        return self.shown()

    def shown(self) -> list[str]:
        return [each.contact for each in self.incidents.all]


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.mark.parametrize(
    ("notice", "refusal"),
    [
        (incident(signers="stranger"), BadSignature),
        (incident(signers="statement-a"), BadSignature),
        (incident(incident_document(org="teapot")), Inconsistent),
        (incident(incident_document(expires=NOW)), Lapsed),
    ],
    ids=["forged", "signed by the relay's statement key", "of another organisation", "expired"],
)
async def test_what_the_organisation_does_not_say_is_not_shown(
    device: Device, notice: bytes, refusal: type[Untrusted]
) -> None:
    with pytest.raises(refusal):
        await device.told(notice)
    assert device.shown() == []


async def test_what_does_not_concern_this_conversation_is_not_shown(device: Device) -> None:
    with pytest.raises(Inconsistent):
        await device.told(incident(), opened_at=NOW + HOUR + CLOCK_SKEW_MS)


async def test_clocks_may_differ_as_far_as_the_relay_lets_them(device: Device) -> None:
    assert await device.told(incident(), opened_at=NOW + HOUR + CLOCK_SKEW_MS - 1)


async def test_a_device_that_lost_its_state_counts_a_days_grace(device: Device) -> None:
    assert await device.told(incident(), opened_at=NOW + DAY, has_gone_on=True)


async def test_an_issuing_key_that_this_device_has_not_heard_of_is_looked_up(device: Device) -> None:
    device.served = rotated()
    assert await device.told(incident(signers="issuing-b"))
    assert device.fetched == 1


async def test_a_removed_issuing_key_takes_its_notices_with_it(device: Device) -> None:
    assert await device.told(incident())
    device.keeper.take(rotated().bundle().to_bytes())
    assert device.shown() == []
    new = incident(incident_document(issued_at=0, expires=NOW + 1, contact="new"), signers="issuing-b")
    with pytest.raises(Untrusted):
        await device.told(new)
    assert await device.told(incident(incident_document(contact="again"), signers="issuing-b")) == ["again"]


async def test_a_notice_ends_by_itself(device: Device) -> None:
    assert await device.told(incident(incident_document(expires=NOW + HOUR)))
    device.now = Millis(NOW + HOUR)
    assert device.shown() == []


async def test_a_correction_replaces_and_an_older_notice_does_not(device: Device) -> None:
    corrected = incident(incident_document(issued_at=NOW, contact="dpo@kettle.example"))
    await device.told(incident())
    assert await device.told(corrected) == ["dpo@kettle.example"]
    assert await device.told(incident()) == ["dpo@kettle.example"]
