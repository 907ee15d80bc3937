"""Opening a group with oneself as its only member (RFC 9420 §11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.device.mls.key_schedule import epoch_of
from sotto_keys.device.mls.member import Member
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.secret_tree import new_secret_tree
from sotto_keys.shared.mls.crypto_labels import CIPHER_SUITE, HASH_BYTES
from sotto_keys.shared.mls.extensions import GROUP_TERMS, REQUIRED_CAPABILITIES, Extension, RequiredCapabilities
from sotto_keys.shared.mls.group_context import GroupContext
from sotto_keys.shared.mls.leaf_node import BASIC
from sotto_keys.shared.mls.public_group import PublicGroup
from sotto_keys.shared.mls.tree import RatchetTree
from sotto_keys.shared.mls.tree_hash import tree_hash

if TYPE_CHECKING:
    from sotto_keys.device.mls.hpke import Entropy
    from sotto_keys.device.mls.own_key_package import OwnKeyPackage
    from sotto_keys.shared.mls.extensions import Extensions


def group_extensions(terms: bytes) -> Extensions:
    """The extensions of every Sotto group: what members must be able to do, and the group's terms as encoded bytes."""
    required = RequiredCapabilities(extensions=(GROUP_TERMS,), credentials=(BASIC,))
    return (Extension(REQUIRED_CAPABILITIES, required.encode()), Extension(GROUP_TERMS, terms))


def create_group(
    group_id: bytes, own: OwnKeyPackage, *, signing_key: SecretBytes, extensions: Extensions, entropy: Entropy
) -> Member:
    """A new group in epoch 0. `own` is used up by it; `extensions` come from `group_extensions`."""
    tree = RatchetTree((own.public.leaf,))
    context = GroupContext(CIPHER_SUITE, group_id, 0, tree_hash(tree), b"", extensions)
    epoch = epoch_of(SecretBytes(entropy(HASH_BYTES)))
    group = PublicGroup(tree, context, epoch.secrets.confirmation_tag(b""))
    secret_tree = new_secret_tree(epoch.encryption, width=tree.width)
    return Member(group, 0, signing_key, {0: own.encryption_key}, epoch.secrets, secret_tree, None)
