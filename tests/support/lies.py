"""What a lying relay shows in the place of the truth: other trust documents, other key packages. Each is real, with one thing wrong."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.support.imposters import CarelessOfficer, Imposter, now_ms

from sotto_cli.demo.places import DESK
from sotto_keys.ceremony.issue import Grant
from sotto_keys.ceremony.office import Office
from sotto_keys.ceremony.renew_trust import Change, renew_trust
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.trust_bundle import parse_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.demo_town import Town

    from sotto_wire.ids import Millis


def with_trust(bundle: bytes, trust: bytes) -> bytes:
    return replace(parse_bundle(bundle), trust=trust).to_bytes()


def forged_trust(folder: Path) -> bytes:
    """Of an organisation with the same names and other keys."""
    forger = CarelessOfficer.of_another_organisation(folder / "forger")
    signer = forger.office.issuing_key(forger.passphrase)
    _, path = renew_trust(forger.office, Change(), signer=signer, now=now_ms())
    return path.read_bytes()


def other_trust(town: Town, folder: Path, *, issued: Millis) -> bytes:
    """Signed by the true issuing key, and never published."""
    shutil.copytree(town.places.office, folder / "office")
    officer = CarelessOfficer.of(town.places)
    office = Office(folder / "office")
    _, path = renew_trust(office, Change(), signer=officer.office.issuing_key(officer.passphrase), now=issued)
    return path.read_bytes()


AGENT: Final = Grant(name="Ana", roles=("agent",), desks=(DESK,), kind="human", days=1)


class Swaps:
    """What stands in the place of the honest agent's key package."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town, self.folder = town, folder
        self.imposter = Imposter.new()

    def _package(self, identity: bytes) -> bytes:
        return self.imposter.key_package(identity).public.to_message()

    def _granted(self, grant: Grant) -> bytes:
        _, identity = CarelessOfficer.of(self.town.places).certify(self.imposter, grant=grant)
        return self._package(identity)

    def another_key_under_the_agents_credential(self, honest: bytes) -> bytes:
        return self._package(parse_key_package(honest).leaf.credential.identity)

    def a_credential_of_another_desk(self, honest: bytes) -> bytes:  # noqa: ARG002 - the shape of a swap
        return self._granted(replace(AGENT, desks=("billing",)))

    def a_supervisor(self, honest: bytes) -> bytes:  # noqa: ARG002
        return self._granted(replace(AGENT, roles=("supervisor",)))

    def a_bot(self, honest: bytes) -> bytes:  # noqa: ARG002
        return self._granted(replace(AGENT, kind="bot"))

    def a_credential_of_another_organisation(self, honest: bytes) -> bytes:  # noqa: ARG002
        elsewhere = CarelessOfficer.of_another_organisation(self.folder / "elsewhere")
        return self._package(elsewhere.certify(self.imposter, grant=AGENT)[1])

    def a_revoked_credential(self, honest: bytes) -> bytes:  # noqa: ARG002
        places = self.town.places
        cred_id, identity = CarelessOfficer.of(places).certify(self.imposter, grant=AGENT)
        office = ("--office", str(places.office), "--passphrase-file", str(places.passphrase))
        signed = self.town.run("keys", "revoke", cred_id, "--reason", "lost", *office)
        self.town.run("trust", "publish", "--relay", places.relay_url, str(signed["file"]))
        return self._package(identity)

    def nonsense(self, honest: bytes) -> bytes:
        return honest[:-40] + bytes(40)


KINDS: Final = [name for name in vars(Swaps) if not name.startswith("_")]
