"""The secret half of an update path (RFC 9420 §7.4, §7.6): making one, and opening the one secret in it that is for us."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sotto_keys.device.mls.hpke import (
    SECRET_BYTES,
    KeyPair,
    decrypt_with_label,
    derive_key_pair,
    encrypt_with_label,
    key_pair,
    new_key_pair,
)
from sotto_keys.device.mls.kdf import derive_secret
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.signing import sign_with_label
from sotto_keys.shared.mls.commit import PathNode, UpdatePath
from sotto_keys.shared.mls.crypto_labels import LEAF_NODE_TBS
from sotto_keys.shared.mls.leaf_node import LeafNode, LeafSource
from sotto_keys.shared.mls.staging import PathStep, Staged, path_steps
from sotto_keys.shared.mls.tree import ParentNode, RatchetTree
from sotto_keys.shared.mls.tree_hash import tree_hash, with_path
from sotto_keys.shared.mls.tree_math import is_below
from sotto_keys.shared.untrusted import Inconsistent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sotto_keys.device.mls.hpke import Entropy
    from sotto_keys.shared.mls.group_context import GroupContext
    from sotto_keys.shared.mls.provisional import Provisional

LABEL = "UpdatePathNode"


@dataclass(frozen=True, slots=True)
class Ladder:
    """The path secrets from some node up, and the commit secret above the last."""

    secrets: tuple[SecretBytes, ...]
    commit_secret: SecretBytes


def climb(first: SecretBytes, rungs: int) -> Ladder:
    """`path_secret[0..rungs-1]` beginning with `first`, and the commit secret.

    The commit secret follows the last secret of the *filtered* path, also where the root is filtered out (§12.4.1).
    """
    secrets = [first]
    for _ in range(rungs):
        secrets.append(derive_secret(secrets[-1], "path"))
    return Ladder(tuple(secrets[:rungs]), secrets[rungs])


def node_key_pair(path_secret: SecretBytes) -> KeyPair:
    """The key pair of the node that has this path secret."""
    return derive_key_pair(derive_secret(path_secret, "node"))


@dataclass(frozen=True, slots=True)
class NewPath:
    """An update path of one's own, with everything secret about it."""

    path: UpdatePath
    node_keys: Mapping[int, SecretBytes]
    """Node number to private key, one's own leaf included."""
    path_secrets: Mapping[int, SecretBytes]
    """Node number to path secret, for the Welcome."""
    commit_secret: SecretBytes


def create_path(
    change: Provisional,
    old: LeafNode,
    *,
    own_leaf: int,
    signing_key: SecretBytes,
    context: GroupContext,
    entropy: Entropy,
) -> NewPath:
    """A fresh path for the tree that the proposals give, sealed under the provisional context of the new epoch.

    `context` is that of the ending epoch. The new leaf has the face of the old one: only its encryption key is new.
    """
    steps = path_steps(change, own_leaf)
    ladder = climb(SecretBytes(entropy(SECRET_BYTES)), len(steps))
    pairs = [node_key_pair(each) for each in ladder.secrets]
    leaf_pair = new_key_pair(entropy)
    tree, parent_hash = with_path(change.tree, own_leaf, keys=[each.public for each in pairs])
    leaf = replace(
        old, encryption_key=leaf_pair.public, source=LeafSource.COMMIT, lifetime=None, parent_hash=parent_hash
    )
    content = leaf.to_be_signed(group_id=context.group_id, leaf_index=own_leaf)
    leaf = leaf.with_signature(sign_with_label(signing_key, LEAF_NODE_TBS, content))
    tree = tree.with_nodes([(2 * own_leaf, leaf)])
    provisional = context.next_epoch(tree_hash=tree_hash(tree), extensions=change.extensions).encode()
    nodes = tuple(
        _sealed_node(change.tree, step, secret=secret, public=pair.public, context=provisional, entropy=entropy)
        for step, secret, pair in zip(steps, ladder.secrets, pairs, strict=True)
    )
    keys = {step.node: pair.private for step, pair in zip(steps, pairs, strict=True)}
    secrets = {step.node: secret for step, secret in zip(steps, ladder.secrets, strict=True)}
    return NewPath(UpdatePath(leaf, nodes), {2 * own_leaf: leaf_pair.private, **keys}, secrets, ladder.commit_secret)


def _sealed_node(
    tree: RatchetTree, step: PathStep, *, secret: SecretBytes, public: bytes, context: bytes, entropy: Entropy
) -> PathNode:
    recipients = [tree.nodes[each] for each in step.recipients]
    sealed = tuple(
        encrypt_with_label(each.encryption_key, LABEL, context=context, content=secret, entropy=entropy)
        for each in recipients
        if each is not None
    )
    return PathNode(public, sealed)


def open_path(
    staged: Staged, path: UpdatePath, *, own_leaf: int, node_keys: Mapping[int, SecretBytes]
) -> tuple[dict[int, SecretBytes], SecretBytes]:
    """The private keys that we learn from somebody's path, by node number, and the commit secret.

    `node_keys` are ours after the proposals: none of a node that they blanked. `Unreadable` or `Inconsistent`.
    """
    place = next((place for place, step in enumerate(staged.steps) if is_below(2 * own_leaf, step.copath)), None)
    if place is None:
        raise Inconsistent("a path that does not reach us")
    step = staged.steps[place]
    for number, recipient in enumerate(step.recipients):
        private = node_keys.get(recipient)
        if private is not None and is_below(2 * own_leaf, recipient):
            sealed = path.nodes[place].sealed[number]
            context = staged.provisional.encode()
            secret = decrypt_with_label(key_pair(private), LABEL, context=context, sealed=sealed)
            ladder = climb(secret, len(staged.steps) - place)
            nodes = [each.node for each in staged.steps[place:]]
            return node_keys_of(zip(nodes, ladder.secrets, strict=True), tree=staged.tree), ladder.commit_secret
    raise Inconsistent("a path without a secret for us")


def node_keys_of(secrets: Iterable[tuple[int, SecretBytes]], *, tree: RatchetTree) -> dict[int, SecretBytes]:
    """The private keys of these nodes; `Inconsistent` where the tree shows another public key (§7.5)."""
    keys: dict[int, SecretBytes] = {}
    for node, secret in secrets:
        pair, content = node_key_pair(secret), tree.nodes[node]
        if not isinstance(content, ParentNode) or content.encryption_key != pair.public:
            raise Inconsistent("a path secret that does not give its node's key")
        keys[node] = pair.private
    return keys


def surviving_keys(
    keys: Mapping[int, SecretBytes], *, before: RatchetTree, after: RatchetTree
) -> dict[int, SecretBytes]:
    """The private keys whose nodes have the same public key in both trees."""

    def public(tree: RatchetTree, node: int) -> bytes | None:
        content = tree.nodes[node] if node < len(tree.nodes) else None
        return None if content is None else content.encryption_key

    return {node: key for node, key in keys.items() if public(before, node) == public(after, node)}
