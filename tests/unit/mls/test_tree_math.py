from __future__ import annotations

import pytest

from sotto_keys.shared.mls import tree_math


@pytest.mark.parametrize(("nodes", "leaves"), [(1, 1), (2, 2), (3, 2), (4, 4), (7, 4), (8, 8), (15, 8)])
def test_a_tree_is_as_wide_as_its_nodes_need(nodes: int, leaves: int) -> None:
    assert tree_math.full_width(nodes) == leaves


def test_the_eight_leaves_of_the_rfc() -> None:
    assert tree_math.root(8) == 7
    assert (tree_math.left(7), tree_math.right(7)) == (3, 11)
    assert [tree_math.level(node) for node in range(8)] == [0, 1, 0, 2, 0, 1, 0, 3]
    assert tree_math.direct_path(0, 8) == (1, 3, 7)
    assert tree_math.direct_path(10, 8) == (9, 11, 7)
    assert tree_math.direct_path(7, 8) == ()
    assert (tree_math.sibling(9), tree_math.sibling(13)) == (13, 9)


def test_what_is_below_a_node() -> None:
    assert list(tree_math.leaves_below(11)) == [4, 5, 6, 7]
    assert list(tree_math.leaves_below(6)) == [3]
    assert tree_math.is_below(9, 11)
    assert not tree_math.is_below(7, 11)


@pytest.mark.parametrize(("one", "other", "above"), [(0, 2, 1), (0, 12, 7), (8, 14, 11), (4, 4, 4), (12, 0, 7)])
def test_the_lowest_node_above_two(one: int, other: int, above: int) -> None:
    assert tree_math.common_ancestor(one, other) == above
