from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.mls.cast import a_device, unsafe_for_tests_entropy

from sotto_keys.device.mls.signing import sign_with_label
from sotto_keys.shared.mls.codec import opaque, read_whole, uint16
from sotto_keys.shared.mls.crypto_labels import LEAF_NODE_TBS, verify_with_label
from sotto_keys.shared.mls.extensions import Extension, required_capabilities
from sotto_keys.shared.mls.leaf_node import X509, Credential, LeafNode, LeafSource, Lifetime, verify_leaf
from sotto_keys.shared.untrusted import BadSignature, Lapsed, Malformed

DEVICE = a_device(unsafe_for_tests_entropy(1))
LEAF = DEVICE.package.public.leaf


def signed(leaf: LeafNode, *, group_id: bytes = b"", leaf_index: int = 0) -> LeafNode:
    content = leaf.to_be_signed(group_id=group_id, leaf_index=leaf_index)
    return leaf.with_signature(sign_with_label(DEVICE.signing_key, LEAF_NODE_TBS, content))


def test_a_leaf_is_read_back() -> None:
    assert read_whole(LEAF.encode(), LeafNode.read) == LEAF
    update = replace(LEAF, source=LeafSource.UPDATE, lifetime=None)
    assert read_whole(update.encode(), LeafNode.read) == update


def test_a_certificate_chain_is_carried() -> None:
    chain = Credential(X509, b"", (b"leaf", b"issuer"))
    assert read_whole(chain.encode(), Credential.read) == chain


def test_a_credential_of_unknown_type_is_refused() -> None:
    with pytest.raises(Malformed):
        read_whole(uint16(9) + opaque(b"who"), Credential.read)


def test_a_leaf_from_no_known_source_is_refused() -> None:
    place = LEAF.encode().index(LEAF.capabilities.encode()) + len(LEAF.capabilities.encode())
    changed = bytearray(LEAF.encode())
    changed[place] = 4
    with pytest.raises(Malformed):
        read_whole(bytes(changed), LeafNode.read)


def test_a_leaf_of_a_path_is_bound_to_its_group_and_place() -> None:
    leaf = signed(replace(LEAF, source=LeafSource.COMMIT, lifetime=None), group_id=b"one", leaf_index=3)
    verify_leaf(leaf, group_id=b"one", leaf_index=3)
    for group_id, leaf_index in ((b"other", 3), (b"one", 2)):
        with pytest.raises(BadSignature):
            verify_leaf(leaf, group_id=group_id, leaf_index=leaf_index)


def test_a_leaf_with_an_extension_it_does_not_list_is_refused() -> None:
    with pytest.raises(Malformed):
        verify_leaf(signed(replace(LEAF, extensions=(Extension(0xF123, b""),))), group_id=b"", leaf_index=0)


def test_an_extension_type_that_stands_twice_is_refused() -> None:
    with pytest.raises(Malformed):
        read_whole(replace(LEAF, extensions=(Extension(1, b""), Extension(1, b""))).encode(), LeafNode.read)


def test_a_group_without_the_extension_requires_nothing() -> None:
    required = required_capabilities(())
    assert (required.extensions, required.proposals, required.credentials) == ((), (), ())


@pytest.mark.parametrize("at", [99, 201])
def test_a_lifetime_ends_on_both_sides(at: int) -> None:
    Lifetime(100, 200).check(at=100)
    Lifetime(100, 200).check(at=200)
    with pytest.raises(Lapsed):
        Lifetime(100, 200).check(at=at)


@pytest.mark.parametrize(("key", "signature"), [(b"short", bytes(64)), (bytes(32), b"short"), (bytes(32), bytes(64))])
def test_keys_and_signatures_of_the_wrong_length_are_bad_signatures(key: bytes, signature: bytes) -> None:
    with pytest.raises(BadSignature):
        verify_with_label(key, LEAF_NODE_TBS, content=b"", signature=signature)
