"""Tree hashes and parent hashes (RFC 9420 §7.8, §7.9), and the path that a commit lays over the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.mls.codec import opaque, optional, uint8, uint32
from sotto_keys.shared.mls.crypto_labels import hash_of
from sotto_keys.shared.mls.tree import LEAF, PARENT, ParentNode, RatchetTree
from sotto_keys.shared.mls.tree_math import direct_path, left, level, right, root

if TYPE_CHECKING:
    from collections.abc import Sequence

NOBODY: frozenset[int] = frozenset()


def tree_hash(tree: RatchetTree) -> bytes:
    """The hash of the whole tree, 32 bytes."""
    return node_hash(tree, root(tree.width))


def node_hash(tree: RatchetTree, node: int, *, without: frozenset[int] = NOBODY) -> bytes:
    """The tree hash of a subtree, as if the leaves `without` (leaf numbers) had never been added (§7.9)."""
    if level(node) == 0:
        index = node // 2
        leaf = None if index in without else tree.leaf(index)
        return hash_of(uint8(LEAF) + uint32(index) + optional(leaf.encode() if leaf else None))
    below = [opaque(node_hash(tree, child, without=without)) for child in (left(node), right(node))]
    parent = tree.nodes[node]
    encoded = None
    if isinstance(parent, ParentNode):
        unmerged = tuple(each for each in parent.unmerged_leaves if each not in without)
        encoded = ParentNode(parent.encryption_key, parent.parent_hash, unmerged).encode()
    return hash_of(uint8(PARENT) + optional(encoded) + below[0] + below[1])


def parent_hash(parent: ParentNode, *, sibling_hash: bytes) -> bytes:
    """`ParentHashInput` hashed (§7.9): `sibling_hash` is the original tree hash of the child not on the path."""
    return hash_of(opaque(parent.encryption_key) + opaque(parent.parent_hash) + opaque(sibling_hash))


def original_sibling_hash(tree: RatchetTree, parent: ParentNode, *, sibling: int) -> bytes:
    """The tree hash that the sibling had when `parent` was set: without the leaves unmerged at `parent`."""
    return node_hash(tree, sibling, without=frozenset(parent.unmerged_leaves))


def with_path(tree: RatchetTree, leaf_index: int, *, keys: Sequence[bytes]) -> tuple[RatchetTree, bytes]:
    """Lay new keys over the filtered direct path of a leaf (§7.5).

    `keys` are the path's public keys from leaf to root, one for each node of the filtered path. Returns the tree, whose
    leaf is still the old one, and the parent hash that the new leaf must carry.
    """
    path = tree.filtered_path(leaf_index)
    blank = tree.with_nodes((node, None) for node in direct_path(2 * leaf_index, tree.width))
    above = b""
    changes: list[tuple[int, ParentNode]] = []
    for (node, copath), key in reversed(list(zip(path, keys, strict=True))):
        parent = ParentNode(key, above, ())
        changes.append((node, parent))
        above = parent_hash(parent, sibling_hash=node_hash(tree, copath))
    return blank.with_nodes(changes), above
