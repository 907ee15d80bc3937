"""The ratchet tree as a value (RFC 9420 §7): its nodes, resolutions and paths, and how adding and removing changes it.

Hashes are in `tree_hash`, the checks of a tree that came from elsewhere in `tree_checks`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from sotto_keys.shared.mls.codec import Reader, opaque, optional, read_uint32, uint8, uint32, vector
from sotto_keys.shared.mls.leaf_node import LeafNode
from sotto_keys.shared.mls.tree_math import (
    direct_path,
    full_width,
    leaves_below,
    left,
    level,
    node_count,
    right,
    sibling,
)
from sotto_keys.shared.untrusted import Inconsistent, Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WIDEST: Final = 1024
"""Leaves. A conversation has eight; a blank node costs one byte to send and a hash to check (T: a tree bomb)."""

LEAF: Final = 1
PARENT: Final = 2


@dataclass(frozen=True, slots=True)
class ParentNode:
    """A node whose private key the members below it share, but for the unmerged ones."""

    encryption_key: bytes
    parent_hash: bytes
    unmerged_leaves: tuple[int, ...]
    """Leaf numbers, rising."""

    def encode(self) -> bytes:
        """`ParentNode`."""
        unmerged = vector(uint32(each) for each in self.unmerged_leaves)
        return opaque(self.encryption_key) + opaque(self.parent_hash) + unmerged

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`ParentNode`; unmerged leaves that do not rise are refused (§7.1)."""
        node = cls(reader.opaque(), reader.opaque(), reader.vector(read_uint32))
        if list(node.unmerged_leaves) != sorted(set(node.unmerged_leaves)):
            raise Malformed("unmerged leaves out of order")
        return node


Node = LeafNode | ParentNode


def _encode_node(node: Node | None) -> bytes:
    if node is None:
        return optional(None)
    return optional(uint8(LEAF if isinstance(node, LeafNode) else PARENT) + node.encode())


def _read_node(reader: Reader) -> Node:
    kind = reader.uint8()
    if kind == LEAF:
        return LeafNode.read(reader)
    if kind == PARENT:
        return ParentNode.read(reader)
    raise Malformed("a node of unknown type")


def _read_optional_node(reader: Reader) -> Node | None:
    return reader.optional(_read_node)


@dataclass(frozen=True, slots=True)
class RatchetTree:
    """All nodes of the full tree in array order, blanks included; every change returns a new tree."""

    nodes: tuple[Node | None, ...]

    @property
    def width(self) -> int:
        """Leaves of the full tree, blank ones counted."""
        return (len(self.nodes) + 1) // 2

    def leaf(self, index: int) -> LeafNode | None:
        """The leaf with this number; none when blank or beyond the tree."""
        node = self.nodes[2 * index] if 0 <= index < self.width else None
        return node if isinstance(node, LeafNode) else None

    def leaves(self) -> Iterator[tuple[int, LeafNode]]:
        """Number and content of every leaf that is not blank."""
        for index in range(self.width):
            leaf = self.leaf(index)
            if leaf is not None:
                yield index, leaf

    def parents(self) -> Iterator[tuple[int, ParentNode]]:
        """Node number and content of every parent that is not blank."""
        for node, content in enumerate(self.nodes):
            if isinstance(content, ParentNode):
                yield node, content

    def encryption_keys(self) -> Iterator[bytes]:
        """The public key of every node that is not blank."""
        return (each.encryption_key for each in self.nodes if each is not None)

    def resolution(self, node: int) -> tuple[int, ...]:
        """The nodes that together stand for the subtree of `node` (§4.1.1)."""
        content = self.nodes[node]
        if isinstance(content, ParentNode):
            return (node, *(2 * leaf for leaf in content.unmerged_leaves))
        if content is not None:
            return (node,)
        if level(node) == 0:
            return ()
        return self.resolution(left(node)) + self.resolution(right(node))

    def filtered_path(self, leaf_index: int) -> tuple[tuple[int, int], ...]:
        """The filtered direct path (§4.1.2) from leaf to root: pairs of node and its child on the copath."""
        below = 2 * leaf_index
        path: list[tuple[int, int]] = []
        for node in direct_path(below, self.width):
            copath = sibling(below)
            if self.resolution(copath):
                path.append((node, copath))
            below = node
        return tuple(path)

    def with_nodes(self, changes: Iterable[tuple[int, Node | None]]) -> RatchetTree:
        """The same tree with these nodes replaced."""
        nodes = list(self.nodes)
        for node, content in changes:
            nodes[node] = content
        return RatchetTree(tuple(nodes))

    def added(self, leaf: LeafNode) -> tuple[RatchetTree, int]:
        """The tree with `leaf` in the leftmost free place, unmerged in every parent above it, and its number (§12.1.1)."""
        index = next((each for each in range(self.width) if self.nodes[2 * each] is None), self.width)
        tree = self if index < self.width else self._doubled()
        changes: list[tuple[int, Node | None]] = [(2 * index, leaf)]
        for node in direct_path(2 * index, tree.width):
            parent = tree.nodes[node]
            if isinstance(parent, ParentNode):
                unmerged = tuple(sorted((*parent.unmerged_leaves, index)))
                changes.append((node, replace(parent, unmerged_leaves=unmerged)))
        return tree.with_nodes(changes), index

    def updated(self, leaf_index: int, leaf: LeafNode) -> RatchetTree:
        """The tree with the leaf replaced and its direct path blank (§12.1.2)."""
        blank = ((node, None) for node in direct_path(2 * leaf_index, self.width))
        return self.with_nodes([(2 * leaf_index, leaf), *blank])

    def removed(self, leaf_index: int) -> RatchetTree:
        """The tree without the leaf, its direct path blank, cut to the width it still needs (§12.1.3)."""
        blank = ((node, None) for node in direct_path(2 * leaf_index, self.width))
        return RatchetTree(_cut(self.with_nodes([(2 * leaf_index, None), *blank]).nodes))

    def _doubled(self) -> RatchetTree:
        if self.width >= WIDEST:
            raise Inconsistent("a tree wider than we follow")
        return RatchetTree(self.nodes + (None,) * (len(self.nodes) + 1))

    def encode(self) -> bytes:
        """Content of the `ratchet_tree` extension (§12.4.3.3), without the blanks at its end."""
        last = max(number for number, node in enumerate(self.nodes) if node is not None)
        return vector(_encode_node(each) for each in self.nodes[: last + 1])

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Content of the `ratchet_tree` extension, widened to the full tree."""
        nodes = reader.vector(_read_optional_node)
        if not nodes or nodes[-1] is None or len(nodes) > node_count(WIDEST):
            raise Malformed("a tree that is empty, too wide, or ends in a blank")
        for number, node in enumerate(nodes):
            if node is not None and isinstance(node, LeafNode) != (number % 2 == 0):
                raise Malformed("a node of the wrong kind for its place")
        full = node_count(full_width(len(nodes)))
        tree = cls(nodes + (None,) * (full - len(nodes)))
        _check_places(tree)
        return tree


def _cut(nodes: tuple[Node | None, ...]) -> tuple[Node | None, ...]:
    """Without the right half as long as that is blank (§7.7)."""
    while len(nodes) > 1 and not any(nodes[len(nodes) // 2 + 1 :]):
        nodes = nodes[: len(nodes) // 2]
    return nodes


def _check_places(tree: RatchetTree) -> None:
    """Every unmerged leaf is a leaf below its parent; `resolution` relies on it (§12.4.3.1)."""
    for node, parent in tree.parents():
        below = leaves_below(node)
        if not all(each in below and tree.leaf(each) for each in parent.unmerged_leaves):
            raise Malformed("an unmerged leaf that is not below its parent")


def children(node: int) -> tuple[int, int]:
    """Left and right child of a parent node."""
    return left(node), right(node)
