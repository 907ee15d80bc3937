from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.mls.cast import a_device, a_group, joined, unsafe_for_tests_entropy

from sotto_keys.device.mls.committing import adopt_commit, create_commit
from sotto_keys.device.mls.hpke import encrypt_with_label, key_pair, open_sealed, seal
from sotto_keys.device.mls.joining import is_for, join, open_secrets
from sotto_keys.device.mls.kdf import ZERO
from sotto_keys.device.mls.own_key_package import OwnKeyPackage
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.welcome_secrets import LABEL, GroupSecrets, Newcomer, create_welcome
from sotto_keys.shared.mls.welcome import SealedSecrets, parse_welcome
from sotto_keys.shared.untrusted import BadSignature, Inconsistent, Malformed, Unreadable

ENTROPY = unsafe_for_tests_entropy(51)
MEMBERS = a_group(3, ENTROPY)
DAVE, EVE = a_device(ENTROPY, "dave"), a_device(ENTROPY, "eve")
PENDING = create_commit(MEMBERS[1], authenticated_data=b"", entropy=ENTROPY, add=[DAVE.package.public])
WELCOME = PENDING.welcome or b""
TOLD = open_secrets(parse_welcome(WELCOME), DAVE.package)


def resealed(told: GroupSecrets) -> bytes:
    """The Welcome with other secrets for Dave."""
    welcome = parse_welcome(WELCOME)
    sealed = encrypt_with_label(
        DAVE.package.public.init_key,
        LABEL,
        context=welcome.sealed_group_info,
        content=told.encode(),
        entropy=ENTROPY,
    )
    return replace(welcome, secrets=(SealedSecrets(DAVE.package.public.reference(), sealed),)).to_message()


def test_a_newcomer_stands_where_the_commit_put_it() -> None:
    dave = joined(PENDING, DAVE)
    assert dave.own_leaf == 3
    assert dave.epoch_authenticator == adopt_commit(MEMBERS[1], PENDING).epoch_authenticator


def test_one_welcome_serves_all_newcomers_of_a_commit() -> None:
    both = [DAVE.package.public, EVE.package.public]
    pending = create_commit(MEMBERS[0], authenticated_data=b"", entropy=ENTROPY, add=both)
    assert joined(pending, DAVE).epoch_authenticator == joined(pending, EVE).epoch_authenticator
    assert joined(pending, EVE).own_leaf == 4


def test_a_welcome_says_for_whom_it_is() -> None:
    assert is_for(WELCOME, DAVE.package)
    assert not is_for(WELCOME, EVE.package)


def test_a_welcome_for_somebody_else_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        join(WELCOME, EVE.package, signing_key=EVE.signing_key)
    other_suite = replace(parse_welcome(WELCOME), cipher_suite=1).to_message()
    with pytest.raises(Unreadable):
        join(other_suite, DAVE.package, signing_key=DAVE.signing_key)


def test_another_message_is_no_welcome() -> None:
    with pytest.raises(Malformed):
        parse_welcome(PENDING.message)


def test_a_key_package_with_other_private_keys_does_not_join() -> None:
    other = OwnKeyPackage(DAVE.package.public, DAVE.package.init_key, EVE.package.encryption_key)
    with pytest.raises(Inconsistent):
        join(WELCOME, other, signing_key=DAVE.signing_key)
    with pytest.raises(Inconsistent):
        join(WELCOME, DAVE.package, signing_key=EVE.signing_key)


def test_a_welcome_into_a_group_without_us_is_refused() -> None:
    after = adopt_commit(MEMBERS[1], PENDING)
    newcomers = [Newcomer(EVE.package.public, None)]
    welcome = create_welcome(after.group_info(), newcomers, joiner=TOLD.joiner, psk_secret=ZERO, entropy=ENTROPY)
    with pytest.raises(Inconsistent):
        join(welcome.to_message(), EVE.package, signing_key=EVE.signing_key)


def test_a_group_info_with_a_tag_of_another_epoch_is_refused() -> None:
    after = adopt_commit(MEMBERS[1], PENDING)
    wrong = replace(after, group=replace(after.group, confirmation_tag=bytes(32)))
    newcomers = [Newcomer(DAVE.package.public, TOLD.path_secret)]
    welcome = create_welcome(wrong.group_info(), newcomers, joiner=TOLD.joiner, psk_secret=ZERO, entropy=ENTROPY)
    with pytest.raises(BadSignature):
        join(welcome.to_message(), DAVE.package, signing_key=DAVE.signing_key)


def test_secrets_that_do_not_open_the_group_info_are_refused() -> None:
    with pytest.raises(Unreadable):
        join(resealed(replace(TOLD, joiner=ZERO)), DAVE.package, signing_key=DAVE.signing_key)


def test_a_path_secret_that_is_not_the_trees_is_refused() -> None:
    with pytest.raises(Inconsistent):
        join(resealed(replace(TOLD, path_secret=ZERO)), DAVE.package, signing_key=DAVE.signing_key)


def test_without_a_path_secret_we_know_our_own_leaf_only() -> None:
    dave = join(resealed(replace(TOLD, path_secret=None)), DAVE.package, signing_key=DAVE.signing_key)
    assert set(dave.node_keys) == {6}


def test_a_path_secret_for_a_blank_node_is_refused() -> None:
    after = adopt_commit(MEMBERS[1], PENDING)
    blank = after.group.tree.removed(2)
    assert blank.nodes[5] is None
    newcomers = [Newcomer(DAVE.package.public, ZERO)]
    # Signed by the third member, whose lowest node above Dave is blank in this tree.
    info = replace(joined(PENDING, DAVE), own_leaf=2, signing_key=MEMBERS[2].signing_key).group_info()
    welcome = create_welcome(info, newcomers, joiner=TOLD.joiner, psk_secret=ZERO, entropy=ENTROPY)
    with pytest.raises(Inconsistent):
        join(welcome.to_message(), DAVE.package, signing_key=DAVE.signing_key)


def test_hpke_opens_only_with_the_same_info_and_key() -> None:
    own, other = key_pair(ENTROPY(32)), key_pair(ENTROPY(32))
    sealed = seal(own.public, b"content", info=b"info", entropy=ENTROPY)
    assert open_sealed(own, sealed, info=b"info") == b"content"
    for key, info in ((own, b"other"), (other, b"info")):
        with pytest.raises(Unreadable):
            open_sealed(key, sealed, info=info)


@pytest.mark.parametrize("kem_output", [b"short", bytes(32)])
def test_a_weak_or_short_public_key_is_unreadable(kem_output: bytes) -> None:
    own = key_pair(ENTROPY(32))
    sealed = replace(seal(own.public, b"content", info=b"", entropy=ENTROPY), kem_output=kem_output)
    with pytest.raises(Unreadable):
        open_sealed(own, sealed, info=b"")


def test_a_private_key_has_thirty_two_bytes() -> None:
    with pytest.raises(ValueError, match="32"):
        key_pair(SecretBytes(b"short"))
