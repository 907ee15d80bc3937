"""Devices that a lying relay could propose: real keys and real key packages, each with one thing wrong."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.ceremony.device_request import DeviceRequest
from sotto_keys.ceremony.found import Organisation, found
from sotto_keys.ceremony.issue import Grant, issue
from sotto_keys.ceremony.office import Office
from sotto_keys.ceremony.sealed_key import UNSAFE_FOR_TESTS_HARDNESS
from sotto_keys.device.mls.own_key_package import OwnKeyPackage, create_key_package
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.secret import SecretSigningKey, SecretText
from sotto_keys.shared.text_forms import to_base64url
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_cli.demo.places import Places

WEEK_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Imposter:
    """A device with a key of its own."""

    key: SecretSigningKey

    @classmethod
    def new(cls) -> Imposter:
        return cls(SecretSigningKey(os.urandom(32)))

    def key_package(self, identity: bytes) -> OwnKeyPackage:
        """Under any identity, true or not."""
        now = int(time.time())
        seed = SecretBytes(self.key.reveal_seed())
        return create_key_package(seed, identity, now=now, not_after=now + WEEK_S, entropy=os.urandom)

    def request(self, org: str, person: str) -> DeviceRequest:
        return DeviceRequest(org=org, person=person, device="Another device", leaf_key=to_base64url(self.key.public))


@dataclass(frozen=True, slots=True)
class CarelessOfficer:
    """Signs whatever a test asks for."""

    office: Office
    passphrase: SecretText

    @classmethod
    def of(cls, places: Places) -> CarelessOfficer:
        return cls(Office(places.office), SecretText(places.passphrase.read_text("utf-8").strip()))

    @classmethod
    def of_another_organisation(cls, folder: Path) -> CarelessOfficer:
        """Its organisation takes the same short name and the same name for people."""
        passphrase = SecretText("another passphrase")
        organisation = Organisation(org="kettle", name="Kettle & Cup")
        found(
            folder,
            organisation,
            passphrase=passphrase,
            now=now_ms(),
            entropy=os.urandom,
            hardness=(UNSAFE_FOR_TESTS_HARDNESS, UNSAFE_FOR_TESTS_HARDNESS),
        )
        return cls(Office(folder), passphrase)

    def certify(self, imposter: Imposter, *, grant: Grant, person: str = "ana") -> tuple[str, bytes]:
        """A credential's id and its envelope."""
        org = self.office.roots().newest.document.org
        cred_id = f"c-{os.urandom(8).hex()}"
        signer = self.office.issuing_key(self.passphrase)
        request = imposter.request(org, person)
        _, path = issue(self.office, request, grant, signer=signer, now=now_ms(), cred_id=cred_id)
        return cred_id, path.read_bytes()


def now_ms() -> Millis:
    return Millis(time.time_ns() // 1_000_000)
