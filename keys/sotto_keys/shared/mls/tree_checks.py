"""The checks of a whole tree that came from elsewhere (RFC 9420 §7.9.2, §12.4.3.1). Credentials are judged by the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.mls.crypto_labels import KEY_BYTES
from sotto_keys.shared.mls.extensions import Extensions, required_capabilities
from sotto_keys.shared.mls.leaf_node import LeafNode, LeafSource, verify_leaf
from sotto_keys.shared.mls.tree import ParentNode, RatchetTree, children
from sotto_keys.shared.mls.tree_hash import original_sibling_hash, parent_hash
from sotto_keys.shared.mls.tree_math import leaves_below, parent
from sotto_keys.shared.untrusted import Inconsistent

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_tree(tree: RatchetTree, *, group_id: bytes, extensions: Extensions) -> None:
    """Everything a newcomer must check of a tree but its hash. `BadSignature`, `Malformed` or `Inconsistent`."""
    check_members(tree, extensions=extensions)
    check_parents(tree)
    for index, leaf in tree.leaves():
        verify_leaf(leaf, group_id=group_id, leaf_index=index)


def check_members(tree: RatchetTree, *, extensions: Extensions) -> None:
    """Keys are unique and well-formed, and every leaf can do what the group asks (§7.3). `Inconsistent`."""
    leaves = [leaf for _, leaf in tree.leaves()]
    keys = list(tree.encryption_keys())
    if len(set(keys)) != len(keys) or any(len(each) != KEY_BYTES for each in keys):
        raise Inconsistent("an encryption key that is not new, or no key")
    if len({leaf.signature_key for leaf in leaves}) != len(leaves):
        raise Inconsistent("two leaves with one signature key")
    credentials = frozenset(leaf.credential.kind for leaf in leaves)
    for leaf in leaves:
        _check_abilities(leaf, extensions=extensions, credentials=credentials)


def _check_abilities(leaf: LeafNode, *, extensions: Extensions, credentials: frozenset[int]) -> None:
    required, can = required_capabilities(extensions), leaf.capabilities
    listed = (
        all(can.supports_extension(each) for each in required.extensions)
        and credentials <= set(can.credentials)
        and set(required.proposals) <= set(can.proposals)
        and set(required.credentials) <= set(can.credentials)
        and all(can.supports_extension(each.kind) for each in extensions)
    )
    if not listed or not can.speaks_our_suite():
        raise Inconsistent("a leaf that cannot do what the group asks")


def check_parents(tree: RatchetTree) -> None:
    """Every parent was set by a member below it, and its unmerged leaves are unmerged all the way down. `Inconsistent`."""
    for node, content in tree.parents():
        _check_unmerged(tree, node, content=content)
        if sum(1 for _ in _set_together(tree, node, content=content)) != 1:
            raise Inconsistent("a parent that no single path has set")


def _check_unmerged(tree: RatchetTree, node: int, *, content: ParentNode) -> None:
    """Each non-blank node *between* leaf and parent also lists the leaf; above the parent nothing is asked."""
    for leaf in content.unmerged_leaves:
        between = parent(2 * leaf)
        while between != node:
            inner = tree.nodes[between]
            if isinstance(inner, ParentNode) and leaf not in inner.unmerged_leaves:
                raise Inconsistent("a leaf that is unmerged above but merged below")
            between = parent(between)


def _set_together(tree: RatchetTree, node: int, *, content: ParentNode) -> Iterator[int]:
    """The descendants whose parent hash is valid with respect to `node` (§7.9.2)."""
    one, other = children(node)
    for child, sibling in ((one, other), (other, one)):
        expected = parent_hash(content, sibling_hash=original_sibling_hash(tree, content, sibling=sibling))
        resolution = set(tree.resolution(child))
        unmerged = {2 * leaf for leaf in content.unmerged_leaves if leaf in leaves_below(child)}
        for below in resolution - unmerged:
            if resolution - {below} == unmerged and _parent_hash_of(tree, below) == expected:
                yield below


def _parent_hash_of(tree: RatchetTree, node: int) -> bytes | None:
    content = tree.nodes[node]
    if isinstance(content, ParentNode):
        return content.parent_hash
    return content.parent_hash if content is not None and content.source is LeafSource.COMMIT else None
