from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.mls.cast import DAY, NOW, a_device, unsafe_for_tests_entropy

from sotto_keys.device.mls.own_key_package import OwnKeyPackage
from sotto_keys.device.mls.signing import sign_with_label
from sotto_keys.shared.mls.crypto_labels import KEY_PACKAGE_TBS, LEAF_NODE_TBS
from sotto_keys.shared.mls.extensions import LAST_RESORT, Extension
from sotto_keys.shared.mls.key_package import KeyPackage, parse_key_package, verify_key_package, verify_signatures
from sotto_keys.shared.mls.leaf_node import Capabilities, Credential, LeafNode, LeafSource
from sotto_keys.shared.untrusted import Lapsed, Malformed, Untrusted

DEVICE = a_device(unsafe_for_tests_entropy(7), "agent")
PACKAGE = DEVICE.package.public
LEAF = PACKAGE.leaf


def signed(leaf: LeafNode = LEAF, **changes: object) -> KeyPackage:
    """The package with these changes, correctly signed all the same."""
    leaf = leaf.with_signature(
        sign_with_label(DEVICE.signing_key, LEAF_NODE_TBS, leaf.to_be_signed(group_id=b"", leaf_index=0))
    )
    package = replace(PACKAGE, leaf=leaf, **changes)  # type: ignore[arg-type]
    return package.with_signature(sign_with_label(DEVICE.signing_key, KEY_PACKAGE_TBS, package.to_be_signed()))


def with_abilities(**changes: tuple[int, ...]) -> KeyPackage:
    capabilities: Capabilities = replace(LEAF.capabilities, **changes)
    return signed(replace(LEAF, capabilities=capabilities))


def test_a_key_package_of_ours_is_good() -> None:
    package = parse_key_package(PACKAGE.to_message())
    assert package == PACKAGE
    verify_key_package(package, at=NOW)
    assert not package.is_last_resort


def test_a_key_package_is_backdated_by_a_day() -> None:
    verify_key_package(PACKAGE, at=NOW - DAY)


@pytest.mark.parametrize("at", [NOW - DAY - 1, NOW + 30 * DAY + 1])
def test_a_key_package_outside_its_lifetime_is_refused(at: int) -> None:
    with pytest.raises(Lapsed):
        verify_key_package(PACKAGE, at=at)


def test_one_flipped_bit_anywhere_in_a_key_package_is_refused() -> None:
    message = PACKAGE.to_message()
    for place in range(len(message) * 8):
        flipped = bytearray(message)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(Untrusted):
            verify_key_package(parse_key_package(bytes(flipped)), at=NOW)


def test_a_package_of_last_resort_says_so_and_lists_it() -> None:
    package = a_device(unsafe_for_tests_entropy(8), last_resort=True).package.public
    verify_key_package(package, at=NOW)
    assert package.is_last_resort
    assert LAST_RESORT in package.leaf.capabilities.extensions


@pytest.mark.parametrize(
    "package",
    [
        signed(version=2),
        signed(cipher_suite=1),
        signed(init_key=LEAF.encryption_key),
        signed(init_key=b"short"),
        signed(extensions=(Extension(LAST_RESORT, b""),)),
        signed(replace(LEAF, encryption_key=b"short")),
        signed(replace(LEAF, source=LeafSource.UPDATE, lifetime=None)),
        with_abilities(versions=(2,)),
        with_abilities(cipher_suites=(1,)),
    ],
)
def test_a_well_signed_key_package_of_the_wrong_shape_is_refused(package: KeyPackage) -> None:
    with pytest.raises(Malformed):
        verify_signatures(package)


@pytest.mark.parametrize(
    "package",
    [
        with_abilities(extensions=()),
        with_abilities(credentials=(2,)),
        signed(replace(LEAF, credential=Credential(2, b"", (b"chain",)))),
    ],
)
def test_a_key_package_that_cannot_be_a_member_of_our_groups_is_refused(package: KeyPackage) -> None:
    verify_signatures(package)
    with pytest.raises(Malformed):
        verify_key_package(package, at=NOW)


def test_another_message_is_no_key_package() -> None:
    with pytest.raises(Malformed):
        parse_key_package(b"\x00\x01\x00\x04" + PACKAGE.encode())


def test_a_key_package_with_its_private_keys_is_stored_and_read_back() -> None:
    assert OwnKeyPackage.from_bytes(DEVICE.package.to_bytes()) == DEVICE.package


def test_private_keys_do_not_show() -> None:
    shown = repr(DEVICE.package)
    assert "‹secret›" in shown
    assert DEVICE.package.init_key.hex() not in shown
    assert str(DEVICE.package.init_key) == "‹secret›"
