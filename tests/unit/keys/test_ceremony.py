"""Tests of ceremony/: what an officer founds, signs and files, and what is refused before it is signed."""

from __future__ import annotations

import base64
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.mls_room import entropy_from
from tests.vectors.trust_world import HOUR, NOW, key

from sotto_keys.ceremony.device_request import DeviceRequest, parse_request, to_code
from sotto_keys.ceremony.found import Organisation, found
from sotto_keys.ceremony.issue import DAY_MS, LONGEST_DAYS, Grant, issue
from sotto_keys.ceremony.office import Office
from sotto_keys.ceremony.renew_trust import TRUST_LIFE_MS, Change, renew_trust
from sotto_keys.ceremony.sealed_key import (
    UNSAFE_FOR_TESTS_HARDNESS,
    SealedKey,
    parse_sealed_key,
    seal_key,
    unseal_key,
)
from sotto_keys.secret_files import Exposed
from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import TRUST_TYPE, seal_envelope
from sotto_keys.shared.secret import SecretText
from sotto_keys.shared.text_forms import digest_of, to_base64url
from sotto_keys.shared.trust import Release, Revoked
from sotto_keys.shared.trust_bundle import TrustBundle
from sotto_keys.shared.trust_chain import Freshness, judge_bundle
from sotto_keys.shared.untrusted import BadSignature, Inconsistent, Malformed, UnknownCredential
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_keys.shared.secret import SecretSigningKey

PASSPHRASE = SecretText("paper boat in the rain")
AT = Millis(NOW)
GRANT = Grant(name="Ana", roles=("agent",), desks=("orders",), kind="human", days=30)
LIGHT = (UNSAFE_FOR_TESTS_HARDNESS, UNSAFE_FOR_TESTS_HARDNESS)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    organisation = Organisation(org="kettle", name="Kettle & Cup")
    folder = tmp_path / "office"
    found(folder, organisation, passphrase=PASSPHRASE, now=AT, entropy=entropy_from("office"), hardness=LIGHT)
    return Office(folder)


def signer(office: Office) -> SecretSigningKey:
    return office.issuing_key(PASSPHRASE)


def request(org: str = "kettle") -> DeviceRequest:
    return DeviceRequest(org=org, person="ana", device="Ana's laptop", leaf_key=to_base64url(key("device-ana").public))


def bundle(office: Office, version: int) -> TrustBundle:
    return TrustBundle((office.root_path(1).read_bytes(),), office.trust_path(version).read_bytes())


def test_what_is_founded_is_what_clients_believe(office: Office) -> None:
    renew_trust(office, Change(policies=(b"a policy",)), signer=signer(office), now=AT)
    pinned = office.roots().newest.digest
    state = judge_bundle(pinned, bundle(office, 1), memory=None)
    assert state.organisation_name == "Kettle & Cup"
    assert state.freshness(AT) is Freshness.FRESH
    assert state.freshness(Millis(AT + TRUST_LIFE_MS)) is Freshness.GRACE
    assert state.has_policy(digest_of(b"a policy"), at=AT)


def test_a_second_founding_leaves_the_first_alone(office: Office) -> None:
    before = office.root_path(1).read_bytes()
    organisation = Organisation(org="kettle", name="Other")
    with pytest.raises(FileExistsError):
        found(office.folder, organisation, passphrase=PASSPHRASE, now=AT, entropy=entropy_from("x"), hardness=LIGHT)
    assert office.root_path(1).read_bytes() == before


@pytest.mark.parametrize(("org", "name"), [("Kettle", "K"), ("", "K"), ("kettle", ""), ("kettle", "K\u202ettel")])
def test_an_organisation_with_a_name_that_cannot_be_is_not_founded(tmp_path: Path, org: str, name: str) -> None:
    organisation = Organisation(org=org, name=name)
    with pytest.raises(Malformed):
        found(tmp_path / "x", organisation, passphrase=PASSPHRASE, now=AT, entropy=entropy_from("x"), hardness=LIGHT)
    assert not (tmp_path / "x").exists()


def test_an_empty_folder_says_that_nothing_was_founded(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Office(tmp_path).roots()


def test_key_files_are_their_owners_alone_and_hold_no_seed_in_clear(office: Office) -> None:
    paths = sorted((office.folder / "secret").iterdir())
    assert [each.stat().st_mode & 0o777 for each in paths] == [0o600, 0o600]
    seed = signer(office).reveal_seed()
    for path in paths:
        assert seed not in path.read_bytes()
        assert to_base64url(seed).encode() not in path.read_bytes()


def test_a_key_file_that_others_may_read_is_not_opened(office: Office) -> None:
    for path in (office.folder / "secret").iterdir():
        path.chmod(0o644)
    with pytest.raises(Exposed):
        signer(office)


def test_a_missing_issuing_key_is_said(office: Office) -> None:
    for path in (office.folder / "secret").glob("issuing.*"):
        path.unlink()
    with pytest.raises(FileNotFoundError):
        signer(office)


def sealed() -> SealedKey:
    return seal_key(
        "issuing", key("a"), passphrase=PASSPHRASE, hardness=UNSAFE_FOR_TESTS_HARDNESS, entropy=entropy_from("seal")
    )


def test_a_sealed_key_opens_with_its_passphrase_only() -> None:
    again = parse_sealed_key(strict_json.write(sealed()))
    assert unseal_key(again, passphrase=PASSPHRASE).public == key("a").public
    with pytest.raises(BadSignature):
        unseal_key(again, passphrase=SecretText("paper boat in the rai"))


@pytest.mark.parametrize(
    "changes",
    [{"kind": "root"}, {"public": to_base64url(bytes(32))}, {"rounds": 2}, {"box": "AAAA"}, {"box": ""}],
)
def test_a_changed_key_file_does_not_open(changes: dict[str, object]) -> None:
    with pytest.raises(BadSignature):
        unseal_key(msgspec.structs.replace(sealed(), **changes), passphrase=PASSPHRASE)


@pytest.mark.parametrize("changes", [{"salt": ""}, {"salt": "AAAA"}, {"salt": "?"}, {"box": "?"}])
def test_a_key_file_in_another_form_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        unseal_key(msgspec.structs.replace(sealed(), **changes), passphrase=PASSPHRASE)


def test_a_key_file_that_asks_for_too_much_memory_is_not_read() -> None:
    greedy = strict_json.write(sealed()).replace(b'"memory_bytes":8388608', b'"memory_bytes":8796093022208')
    with pytest.raises(Malformed):
        parse_sealed_key(greedy)


def test_a_request_travels_as_json_and_as_a_code() -> None:
    asked = request()
    assert parse_request(strict_json.write(asked)) == asked
    code = to_code(asked)
    assert code.startswith("SOTTO-")
    assert parse_request(code.encode()) == asked
    assert parse_request(f"  {code.lower().replace('-', ' ').replace('sotto ', 'sotto-')}\n".encode()) == asked
    assert len(asked.words) == 6


def test_a_slip_in_a_code_is_noticed_wherever_it_is() -> None:
    code = to_code(request())
    for place in range(len("SOTTO-"), len(code)):
        if code[place] == "-":
            continue
        other = "A" if code[place] != "A" else "B"
        with pytest.raises(Malformed):
            parse_request((code[:place] + other + code[place + 1 :]).encode())


def test_a_code_of_a_later_form_is_malformed() -> None:
    body = msgspec.msgpack.encode((2, "kettle", "ana", "laptop", key("a").public))
    code = base64.b32encode(body + sha256(body).digest()[:4]).rstrip(b"=")
    with pytest.raises(Malformed):
        parse_request(b"SOTTO-" + code)


@pytest.mark.parametrize("text", ["", "SOTTO-", "SOTTO-A", "SOTTO-é", "SOTTO-11111", "{}", '{"org":1}'])
def test_what_is_no_request_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_request(text.encode())


def test_a_credential_is_issued_for_the_device_that_asked(office: Office) -> None:
    credential, path = issue(office, request(), GRANT, signer=signer(office), now=AT, cred_id="c-1")
    renew_trust(office, Change(), signer=signer(office), now=AT)
    state = judge_bundle(office.roots().newest.digest, bundle(office, 1), memory=None)
    judged = state.judge_credential(
        path.read_bytes(), at=AT, leaf_key=key("device-ana").public, desk="orders", role="agent", kind="human"
    )
    assert judged == credential
    assert credential.exp == AT + LONGEST_DAYS * DAY_MS
    assert office.credentials() == [credential]
    assert office.credential("c-1") == credential
    with pytest.raises(UnknownCredential):
        office.credential("c-2")


def test_a_request_to_another_organisation_is_not_answered(office: Office) -> None:
    with pytest.raises(Inconsistent):
        issue(office, request("teapot"), GRANT, signer=signer(office), now=AT, cred_id="c-1")


@pytest.mark.parametrize(
    "changes", [{"days": 0}, {"days": 31}, {"name": ""}, {"name": "A\u200b"}, {"desks": ("Or ders",)}]
)
def test_a_credential_nobody_could_read_is_not_signed(office: Office, changes: dict[str, object]) -> None:
    grant = replace(GRANT, **changes)  # type: ignore[arg-type]  # the parameters above are of these types
    with pytest.raises(Malformed):
        issue(office, request(), grant, signer=signer(office), now=AT, cred_id="c-1")
    assert office.credentials() == []


def test_a_trust_keeps_what_it_had_and_replaces_what_is_named_again(office: Office) -> None:
    sri = "sha384-" + "A" * 64
    first = Release(version="1", loader_sri=sri, app_sri=sri)
    again = msgspec.structs.replace(first, app_sri="sha384-" + "B" * 64)
    renew_trust(office, Change(releases=(first,), policies=(b"one",)), signer=signer(office), now=AT)
    later = Millis(AT + HOUR)
    trust, _ = renew_trust(office, Change(releases=(again,), policies=(b"two",)), signer=signer(office), now=later)
    assert trust.version == 2
    assert trust.releases == [again]
    assert [each.digest for each in trust.policies] == [digest_of(b"one").hex(), digest_of(b"two").hex()]
    assert office.trust() == trust


def test_a_revocation_is_in_the_next_trust_and_in_every_one_after(office: Office) -> None:
    credential, path = issue(office, request(), GRANT, signer=signer(office), now=AT, cred_id="c-1")
    revoked = Revoked(cred_id=credential.cred_id, at=AT, reason="lost laptop")
    renew_trust(office, Change(revoked=(revoked,)), signer=signer(office), now=AT)
    renew_trust(office, Change(), signer=signer(office), now=AT)
    for version in (1, 2):
        state = judge_bundle(office.roots().newest.digest, bundle(office, version), memory=None)
        with pytest.raises(UnknownCredential):
            state.judge_credential(path.read_bytes(), at=AT)


def test_a_revocation_with_a_reason_too_long_is_not_signed(office: Office) -> None:
    change = Change(revoked=(Revoked(cred_id="c-1", at=AT, reason="x" * 201),))
    with pytest.raises(Malformed):
        renew_trust(office, change, signer=signer(office), now=AT)
    assert office.trust() is None


def test_a_credential_issued_after_a_persons_cut_off_is_not_born_revoked(office: Office) -> None:
    trust, _ = renew_trust(office, Change(), signer=signer(office), now=AT)
    cut = msgspec.structs.replace(trust, version=2, revoke_before={"ana": AT})
    envelope = seal_envelope(TRUST_TYPE, strict_json.write(cut), signers=[signer(office)])
    office.trust_path(2).write_bytes(envelope.to_bytes())
    _, path = issue(office, request(), GRANT, signer=signer(office), now=Millis(AT + 1), cred_id="c-1")
    state = judge_bundle(office.roots().newest.digest, bundle(office, 2), memory=None)
    assert state.judge_credential(path.read_bytes(), at=Millis(AT + 1)).cred_id == "c-1"
