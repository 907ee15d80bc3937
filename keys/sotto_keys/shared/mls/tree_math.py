"""Node numbers in the array form of a full binary tree (RFC 9420 Appendix C). Knows no node's content.

Leaf `i` is node `2 i`. `leaves` is always the number of leaves of the full tree, a power of two.
"""

from __future__ import annotations


def node_count(leaves: int) -> int:
    """How many nodes a full tree of `leaves` leaves has."""
    return 2 * leaves - 1


def full_width(nodes: int) -> int:
    """The number of leaves of the smallest full tree with at least `nodes` nodes."""
    leaves = 1
    while node_count(leaves) < nodes:
        leaves *= 2
    return leaves


def level(node: int) -> int:
    """Height above the leaves, which are at 0: the number of trailing one bits."""
    return (~node & (node + 1)).bit_length() - 1


def root(leaves: int) -> int:
    """The root of the tree."""
    return leaves - 1


def left(node: int) -> int:
    """The left child of a parent node."""
    return node ^ (1 << (level(node) - 1))


def right(node: int) -> int:
    """The right child of a parent node."""
    return node ^ (3 << (level(node) - 1))


def parent(node: int) -> int:
    """The parent of a node; of the root it is the root of a tree twice as wide."""
    height = level(node)
    bit = node >> (height + 1) & 1
    return (node | 1 << height) ^ bit << (height + 1)


def sibling(node: int) -> int:
    """The other child of the node's parent."""
    above = parent(node)
    return right(above) if node < above else left(above)


def direct_path(node: int, leaves: int) -> tuple[int, ...]:
    """The ancestors of `node`, from its parent to the root; nothing for the root."""
    path: list[int] = []
    top = root(leaves)
    while node != top:
        node = parent(node)
        path.append(node)
    return tuple(path)


def is_below(node: int, ancestor: int) -> bool:
    """Whether `node` is `ancestor` or one of its descendants."""
    reach = (1 << level(ancestor)) - 1
    return ancestor - reach <= node <= ancestor + reach


def leaves_below(node: int) -> range:
    """The leaf numbers (not node numbers) in the subtree of `node`."""
    reach = (1 << level(node)) - 1
    return range((node - reach) // 2, (node + reach) // 2 + 1)


def common_ancestor(one: int, other: int) -> int:
    """The lowest node above, or equal to, both."""
    while not is_below(other, one):
        one = parent(one)
    return one
