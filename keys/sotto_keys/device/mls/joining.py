"""Joining a group by its Welcome (RFC 9420 §12.4.3.1). Whether we were admitted, and by whom, the commit gate judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.device.mls.hpke import decrypt_with_label, key_pair
from sotto_keys.device.mls.kdf import check_tag
from sotto_keys.device.mls.key_schedule import epoch_after, welcome_key
from sotto_keys.device.mls.member import Member
from sotto_keys.device.mls.path_secrets import climb, node_keys_of
from sotto_keys.device.mls.psk import psk_secret
from sotto_keys.device.mls.secret_tree import new_secret_tree
from sotto_keys.device.mls.signing import signature_key_of
from sotto_keys.device.mls.welcome_secrets import LABEL, GroupSecrets
from sotto_keys.shared.mls.codec import read_whole
from sotto_keys.shared.mls.crypto_labels import CIPHER_SUITE
from sotto_keys.shared.mls.group_context import GroupInfo
from sotto_keys.shared.mls.public_group import tree_of, verify_group
from sotto_keys.shared.mls.tree import ParentNode
from sotto_keys.shared.mls.tree_math import common_ancestor, direct_path
from sotto_keys.shared.mls.welcome import Welcome, parse_welcome
from sotto_keys.shared.untrusted import Inconsistent, Unreadable

if TYPE_CHECKING:
    from sotto_keys.device.mls.own_key_package import OwnKeyPackage
    from sotto_keys.device.mls.psk import Psks
    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_keys.shared.mls.public_group import PublicGroup
    from sotto_keys.shared.mls.tree import RatchetTree


def join(
    message: bytes,
    own: OwnKeyPackage,
    *,
    signing_key: SecretBytes,
    psks: Psks | None = None,
    tree: RatchetTree | None = None,
) -> Member:
    """The member that a Welcome (an MLSMessage) makes of us; `own` is used up unless it is one of last resort.

    Checked: everything in the group, the confirmation tag included, but no credential. `psks` and `tree` are for groups
    that are not Sotto's. Refuses with `Malformed`, `Unreadable`, `BadSignature` or `Inconsistent`.
    """
    welcome = parse_welcome(message)
    told = open_secrets(welcome, own)
    psk = psk_secret(told.psks, psks or {})
    info = read_whole(welcome_key(told.joiner, psk).open(welcome.sealed_group_info, aad=b""), GroupInfo.read)
    group = verify_group(info, tree_of(info) if tree is None else tree)
    own_leaf = _own_leaf(group, own, signing_key=signing_key)
    epoch = epoch_after(told.joiner, psk, context=group.context)
    check_tag(epoch.secrets.confirmation_key, group.confirmed_transcript_hash, found=group.confirmation_tag)
    keys = {2 * own_leaf: own.encryption_key}
    if told.path_secret is not None:
        keys |= _keys_above(group, told.path_secret, own_leaf=own_leaf, committer=info.signer)
    secret_tree = new_secret_tree(epoch.encryption, width=group.tree.width)
    return Member(group, own_leaf, signing_key, keys, epoch.secrets, secret_tree, None)


def is_for(message: bytes, own: OwnKeyPackage) -> bool:
    """Whether this Welcome (an MLSMessage) was made for this key package; `Malformed`."""
    reference = own.public.reference()
    return any(each.newcomer == reference for each in parse_welcome(message).secrets)


def open_secrets(welcome: Welcome, own: OwnKeyPackage) -> GroupSecrets:
    """The group secrets sealed to this key package; `Unreadable` when there are none."""
    reference = own.public.reference()
    sealed = next((each.sealed for each in welcome.secrets if each.newcomer == reference), None)
    if sealed is None or welcome.cipher_suite != CIPHER_SUITE:
        raise Unreadable("a Welcome for somebody else")
    opened = decrypt_with_label(key_pair(own.init_key), LABEL, context=welcome.sealed_group_info, sealed=sealed)
    return read_whole(opened, GroupSecrets.read)


def _own_leaf(group: PublicGroup, own: OwnKeyPackage, *, signing_key: SecretBytes) -> int:
    index = next((index for index, leaf in group.roster() if leaf == own.public.leaf), None)
    if index is None:
        raise Inconsistent("a group that we are not in")
    leaf = own.public.leaf
    if (
        signature_key_of(signing_key) != leaf.signature_key
        or key_pair(own.encryption_key).public != leaf.encryption_key
    ):
        raise Inconsistent("a key package that is not ours")
    return index


def _keys_above(
    group: PublicGroup, path_secret: SecretBytes, *, own_leaf: int, committer: int
) -> dict[int, SecretBytes]:
    """The private keys from the common ancestor with the committer up; blank nodes are not on its filtered path."""
    tree = group.tree
    lowest = common_ancestor(2 * own_leaf, 2 * committer)
    above = (lowest, *direct_path(lowest, tree.width))
    nodes = [node for node in above if isinstance(tree.nodes[node], ParentNode)]
    if lowest not in nodes:
        raise Inconsistent("a path secret for a node that is blank")
    return node_keys_of(zip(nodes, climb(path_secret, len(nodes)).secrets, strict=True), tree=tree)
