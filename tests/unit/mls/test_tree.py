from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.mls.cast import GROUP, a_device, a_group, follow, unsafe_for_tests_entropy

from sotto_keys.device.mls.committing import adopt_commit, create_commit
from sotto_keys.shared.mls.codec import optional, read_whole, uint8, vector
from sotto_keys.shared.mls.extensions import REQUIRED_CAPABILITIES, Extension, RequiredCapabilities
from sotto_keys.shared.mls.leaf_node import LeafNode, LeafSource
from sotto_keys.shared.mls.tree import WIDEST, Node, ParentNode, RatchetTree
from sotto_keys.shared.mls.tree_checks import _check_unmerged, check_members, check_parents, check_tree
from sotto_keys.shared.untrusted import BadSignature, Inconsistent, Malformed

if TYPE_CHECKING:
    from sotto_keys.device.mls.member import Member

ENTROPY = unsafe_for_tests_entropy(31)


def after_empty_path(members: list[Member], by: int) -> list[Member]:
    pending = create_commit(members[by], authenticated_data=b"", entropy=ENTROPY)
    return [adopt_commit(each, pending) if each is members[by] else follow(each, pending) for each in members]


def a_tree_with_unmerged_leaves() -> RatchetTree:
    """Seven members; those on the right have spoken, then an eighth is added without a path: unmerged twice."""
    members = after_empty_path(after_empty_path(a_group(7, ENTROPY), by=6), by=4)
    return members[0].group.tree.added(a_device(ENTROPY, "late").package.public.leaf)[0]


MEMBERS = a_group(4, ENTROPY)
TREE = MEMBERS[0].group.tree
EXTENSIONS = MEMBERS[0].group.extensions
LATE = a_tree_with_unmerged_leaves()


def leaf(tree: RatchetTree, index: int) -> LeafNode:
    found = tree.leaf(index)
    assert found is not None
    return found


def parent(tree: RatchetTree, node: int) -> ParentNode:
    found = tree.nodes[node]
    assert isinstance(found, ParentNode)
    return found


def written(nodes: list[Node | None]) -> bytes:
    return vector(
        optional(None if each is None else uint8(1 if isinstance(each, LeafNode) else 2) + each.encode())
        for each in nodes
    )


@pytest.mark.parametrize("tree", [TREE, LATE], ids=["full", "with unmerged leaves"])
def test_a_tree_is_read_back_and_valid(tree: RatchetTree) -> None:
    assert read_whole(tree.encode(), RatchetTree.read) == tree
    check_tree(tree, group_id=GROUP, extensions=EXTENSIONS)


def test_a_late_leaf_is_unmerged_in_every_parent_above_it() -> None:
    assert LATE.nodes[13] is None
    assert parent(LATE, 11).unmerged_leaves == (7,)
    assert parent(LATE, 7).unmerged_leaves == (7,)
    assert LATE.resolution(11) == (11, 14)


def test_nobody_stands_beyond_the_tree() -> None:
    assert TREE.leaf(4) is None
    assert TREE.leaf(-1) is None


@pytest.mark.parametrize(
    "nodes",
    [
        [],
        [leaf(TREE, 0), None],
        [leaf(TREE, 0), leaf(TREE, 1)],
        [parent(TREE, 1)],
        [leaf(TREE, 0), replace(parent(TREE, 1), unmerged_leaves=(1,))],
        [leaf(TREE, 0), replace(parent(TREE, 1), unmerged_leaves=(2,)), leaf(TREE, 1), None, leaf(TREE, 2)],
        [leaf(TREE, 0), replace(parent(TREE, 1), unmerged_leaves=(1, 0)), leaf(TREE, 1)],
        [leaf(TREE, 0), replace(parent(TREE, 1), unmerged_leaves=(1, 1)), leaf(TREE, 1)],
        [*([None] * (2 * WIDEST)), leaf(TREE, 0)],
    ],
    ids=[
        "empty",
        "ends in a blank",
        "a leaf for a parent",
        "a parent for a leaf",
        "unmerged blank",
        "unmerged elsewhere",
        "unmerged falling",
        "unmerged twice",
        "too wide",
    ],
)
def test_a_tree_out_of_shape_is_refused(nodes: list[Node | None]) -> None:
    with pytest.raises(Malformed):
        read_whole(written(nodes), RatchetTree.read)


def test_a_node_of_unknown_type_is_refused() -> None:
    with pytest.raises(Malformed):
        read_whole(vector([optional(uint8(3))]), RatchetTree.read)


def test_a_tree_does_not_grow_beyond_what_we_follow() -> None:
    full = RatchetTree(tuple(leaf(TREE, 0) if node % 2 == 0 else None for node in range(2 * WIDEST - 1)))
    with pytest.raises(Inconsistent):
        full.added(leaf(TREE, 1))


def test_a_tree_shrinks_to_the_width_it_needs() -> None:
    five = a_group(5, ENTROPY)[0].group.tree
    assert (five.width, five.removed(4).width, five.removed(2).width) == (8, 4, 8)
    assert five.removed(4).removed(3).removed(2).removed(1).width == 1


@pytest.mark.parametrize(
    "changes",
    [
        [(2, replace(leaf(TREE, 1), encryption_key=leaf(TREE, 0).encryption_key))],
        [(2, replace(leaf(TREE, 1), encryption_key=parent(TREE, 3).encryption_key))],
        [(2, replace(leaf(TREE, 1), encryption_key=b"short"))],
        [(2, replace(leaf(TREE, 1), signature_key=leaf(TREE, 0).signature_key))],
        [(2, replace(leaf(TREE, 1), capabilities=replace(leaf(TREE, 1).capabilities, extensions=())))],
        [(2, replace(leaf(TREE, 1), capabilities=replace(leaf(TREE, 1).capabilities, credentials=())))],
        [(2, replace(leaf(TREE, 1), capabilities=replace(leaf(TREE, 1).capabilities, cipher_suites=(1,))))],
    ],
)
def test_members_that_do_not_fit_together_are_refused(changes: list[tuple[int, Node]]) -> None:
    with pytest.raises(Inconsistent):
        check_members(TREE.with_nodes(changes), extensions=EXTENSIONS)


@pytest.mark.parametrize(
    "extension",
    [
        Extension(0xF123, b""),
        Extension(REQUIRED_CAPABILITIES, RequiredCapabilities(proposals=(0xF001,)).encode()),
        Extension(REQUIRED_CAPABILITIES, RequiredCapabilities(credentials=(2,)).encode()),
        Extension(REQUIRED_CAPABILITIES, RequiredCapabilities(extensions=(0xF123,)).encode()),
    ],
)
def test_members_that_cannot_do_what_the_group_asks_are_refused(extension: Extension) -> None:
    with pytest.raises(Inconsistent):
        check_members(TREE, extensions=(extension,))


@pytest.mark.parametrize(
    ("node", "change"),
    [
        (3, replace(parent(TREE, 3), encryption_key=bytes(range(32)))),
        (3, replace(parent(TREE, 3), parent_hash=bytes(32))),
        (0, replace(leaf(TREE, 0), parent_hash=bytes(32))),
        (0, replace(leaf(TREE, 0), source=LeafSource.UPDATE)),
        (1, replace(parent(TREE, 1), unmerged_leaves=(0,))),
    ],
)
def test_a_parent_that_no_member_set_is_refused(node: int, change: Node) -> None:
    """T: a relay that slips a node of its own into a newcomer's tree."""
    with pytest.raises(Inconsistent):
        check_parents(TREE.with_nodes([(node, change)]))


def test_a_leaf_unmerged_above_but_merged_below_is_refused() -> None:
    with pytest.raises(Inconsistent):
        check_parents(LATE.with_nodes([(11, replace(parent(LATE, 11), unmerged_leaves=()))]))


def test_the_nodes_between_a_parent_and_its_unmerged_leaf_are_asked_themselves() -> None:
    """Today the parent hashes would also notice; the RFC asks for both (§12.4.3.1)."""
    merged_below = LATE.with_nodes([(11, replace(parent(LATE, 11), unmerged_leaves=()))])
    with pytest.raises(Inconsistent):
        _check_unmerged(merged_below, 7, content=parent(merged_below, 7))


def test_a_leaf_in_a_place_it_was_not_signed_for_is_refused() -> None:
    with pytest.raises(BadSignature):
        check_tree(TREE, group_id=b"another group", extensions=EXTENSIONS)
