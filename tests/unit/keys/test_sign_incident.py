"""Tests of ceremony/sign_incident: what an officer's file becomes, and what is refused before it is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.support.mls_room import entropy_from
from tests.vectors.trust_world import HOUR, NOW

from sotto_keys.ceremony.found import Organisation, found
from sotto_keys.ceremony.office import Office
from sotto_keys.ceremony.renew_trust import Change, renew_trust
from sotto_keys.ceremony.sealed_key import UNSAFE_FOR_TESTS_HARDNESS
from sotto_keys.ceremony.sign_incident import read_incident_file, sign_incident
from sotto_keys.shared.incident import judge_incident
from sotto_keys.shared.secret import SecretText
from sotto_keys.shared.trust_bundle import TrustBundle
from sotto_keys.shared.trust_chain import judge_bundle
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from pathlib import Path

PASSPHRASE: Final = SecretText("paper boat in the rain")
LIGHT: Final = (UNSAFE_FOR_TESTS_HARDNESS, UNSAFE_FOR_TESTS_HARDNESS)
AT: Final = Millis(NOW)
FILE: Final = '''
incident = "stolen-laptop"
affects_from = 2027-01-10T00:00:00Z
affects_to = 2027-01-15T01:00:00+01:00
expires = 2027-06-01T00:00:00Z
contact = "privacy@kettle.example"

[texts.en]
what_happened = "A laptop with copies of chats was stolen."
consequences = "Somebody could read what you wrote."
what_we_did = "We revoked the laptop within an hour."
what_you_can_do = """
Be careful with calls in our name.

Write to us if you want to know more.
"""
'''


@pytest.fixture
def office(tmp_path: Path) -> Office:
    organisation = Organisation(org="kettle", name="Kettle & Cup")
    folder = tmp_path / "office"
    found(folder, organisation, passphrase=PASSPHRASE, now=AT, entropy=entropy_from("office"), hardness=LIGHT)
    return Office(folder)


def test_what_is_signed_lies_in_the_public_folder_and_every_device_believes_it(office: Office) -> None:
    signer = office.issuing_key(PASSPHRASE)
    incident, path = sign_incident(office, read_incident_file(FILE.encode()), signer=signer, now=AT)
    _, trust = renew_trust(office, Change(), signer=signer, now=AT)
    roots = (office.root_path(1).read_bytes(),)
    state = judge_bundle(office.roots().newest.digest, TrustBundle(roots, trust.read_bytes()), memory=None)
    assert path == office.public / "incidents" / "stolen-laptop.json"
    assert judge_incident(path.read_bytes(), state, now=Millis(NOW + HOUR)) == incident
    assert (incident.org, incident.issued_at) == ("kettle", NOW)
    assert incident.affects_to - incident.affects_from == 5 * 24 * HOUR, "midnight in UTC, and one hour later in Cork"
    assert incident.texts["en"].what_you_can_do.splitlines()[1:] == ["", "Write to us if you want to know more."]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2027-01-10T00:00:00Z", "2027-01-10T00:00:00"),
        ("2027-01-10T00:00:00Z", '"yesterday"'),
        ("2027-01-10T00:00:00Z", "2027-02-10T00:00:00Z"),
        ("2027-06-01T00:00:00Z", "2026-06-01T00:00:00Z"),
        ("2027-06-01T00:00:00Z", "2029-06-01T00:00:00Z"),
        ('"stolen-laptop"', '"Stolen laptop"'),
        ("privacy@kettle.example", ""),
        ("[texts.en]", "[texts.english]"),
        ("consequences", "likely_consequences"),
        ("Somebody could read what you wrote.", ""),
        ("Somebody could read what you wrote.", "a" * 2001),
        ("contact =", "severity = 3\ncontact ="),
        ("contact =", "contact"),
    ],
    ids=[
        "a time without its zone",
        "a time in words",
        "a span that ends before it begins",
        "over before it was signed",
        "longer than a year",
        "a name with a space",
        "no contact",
        "no language",
        "a part by another name",
        "an empty part",
        "a part too long",
        "a field that is not known",
        "no TOML",
    ],
)
def test_what_no_device_would_show_is_not_signed(office: Office, old: str, new: str) -> None:
    assert old in FILE
    signer = office.issuing_key(PASSPHRASE)
    with pytest.raises(Malformed):
        sign_incident(office, read_incident_file(FILE.replace(old, new).encode()), signer=signer, now=AT)
    assert not (office.public / "incidents").exists()


def test_more_than_a_phone_should_fetch_at_every_connection_is_not_signed(office: Office) -> None:
    texts = FILE[FILE.index("[texts.en]") :].replace("Somebody could read what you wrote.", "a" * 2000)
    more = "".join(texts.replace("texts.en", f"texts.{first}{second}") for first in "abcd" for second in "abcd")
    long = (FILE[: FILE.index("[texts.en]")] + more).replace("A laptop with copies of chats was stolen.", "b" * 2000)
    with pytest.raises(Malformed, match="65536"):
        sign_incident(office, read_incident_file(long.encode()), signer=office.issuing_key(PASSPHRASE), now=AT)
