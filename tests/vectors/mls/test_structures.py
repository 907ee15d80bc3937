from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest
from tests.vectors.mls.official import items, number, raw, vectors

from sotto_keys.device.mls.welcome_secrets import GroupSecrets
from sotto_keys.shared.mls import tree_math
from sotto_keys.shared.mls.codec import Reader, length_prefix, read_whole
from sotto_keys.shared.mls.commit import Commit
from sotto_keys.shared.mls.group_context import read_group_info_message
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.mls.parsed_commit import read_public_message
from sotto_keys.shared.mls.private_message import parse_private_message
from sotto_keys.shared.mls.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    Update,
    read_proposal,
)
from sotto_keys.shared.mls.tree import RatchetTree
from sotto_keys.shared.mls.tree_checks import check_tree
from sotto_keys.shared.mls.tree_hash import node_hash, tree_hash
from sotto_keys.shared.mls.welcome import parse_welcome

if TYPE_CHECKING:
    from collections.abc import Callable

PROPOSALS: dict[str, Callable[[Reader], Proposal]] = {
    "add_proposal": Add.read,
    "update_proposal": Update.read,
    "remove_proposal": Remove.read,
    "pre_shared_key_proposal": PreSharedKey.read,
    "re_init_proposal": ReInit.read,
    "external_init_proposal": ExternalInit.read,
    "group_context_extensions_proposal": GroupContextExtensions.read,
}


def test_the_arithmetic_of_trees_is_the_official_one() -> None:
    for vector in vectors("tree-math", suite=None):
        leaves = number(vector, "n_leaves")
        assert (tree_math.node_count(leaves), tree_math.root(leaves)) == (vector["n_nodes"], vector["root"])
        for node in range(tree_math.node_count(leaves)):
            is_parent, is_root = tree_math.level(node) > 0, node == tree_math.root(leaves)
            assert (tree_math.left(node) if is_parent else None) == items(vector, "left")[node]
            assert (tree_math.right(node) if is_parent else None) == items(vector, "right")[node]
            assert (None if is_root else tree_math.parent(node)) == items(vector, "parent")[node]
            assert (None if is_root else tree_math.sibling(node)) == items(vector, "sibling")[node]


def test_lengths_are_written_and_read_as_the_official_ones() -> None:
    for vector in vectors("deserialization", suite=None):
        assert Reader(raw(vector, "vlbytes_header")).length() == number(vector, "length")
        assert length_prefix(number(vector, "length")) == raw(vector, "vlbytes_header")


def test_every_message_is_read_and_written_back_to_the_same_bytes() -> None:
    for vector in vectors("messages", suite=None):
        assert parse_welcome(raw(vector, "mls_welcome")).to_message() == raw(vector, "mls_welcome")
        info = read_whole(raw(vector, "mls_group_info"), read_group_info_message)
        assert info.to_message() == raw(vector, "mls_group_info")
        assert parse_key_package(raw(vector, "mls_key_package")).to_message() == raw(vector, "mls_key_package")
        assert parse_private_message(raw(vector, "private_message")).to_message() == raw(vector, "private_message")
        assert read_whole(raw(vector, "ratchet_tree"), RatchetTree.read).encode() == raw(vector, "ratchet_tree")
        assert read_whole(raw(vector, "group_secrets"), GroupSecrets.read).encode() == raw(vector, "group_secrets")
        assert read_whole(raw(vector, "commit"), Commit.read).encode() == raw(vector, "commit")
        for name, read in PROPOSALS.items():
            proposal = read_whole(raw(vector, name), read)
            assert proposal.body() == raw(vector, name)
        for kind_of_content in ("application", "proposal", "commit"):
            public = raw(vector, f"public_message_{kind_of_content}")
            assert read_whole(public, read_public_message).to_message() == public


@pytest.mark.parametrize("suite", [1, 3])  # both hash with SHA-256, and no signature is checked here
def test_proposals_change_a_tree_as_the_official_ones_do(suite: int) -> None:
    for vector in [each for each in vectors("tree-operations", suite=None) if each["cipher_suite"] == suite]:
        before = read_whole(raw(vector, "tree_before"), RatchetTree.read)
        assert tree_hash(before) == raw(vector, "tree_hash_before")
        match read_whole(raw(vector, "proposal"), read_proposal):
            case Add(package):
                after, _ = before.added(package.leaf)
            case Update(leaf):
                after = before.updated(number(vector, "proposal_sender"), leaf)
            case Remove(index):
                after = before.removed(index)
            case other:
                pytest.fail(f"an unexpected {type(other).__name__}")
        assert after.encode() == raw(vector, "tree_after")
        assert tree_hash(after) == raw(vector, "tree_hash_after")


def test_official_trees_are_valid_and_have_the_official_resolutions_and_hashes() -> None:
    for vector in vectors("tree-validation"):
        tree = read_whole(raw(vector, "tree"), RatchetTree.read)
        nodes = range(len(tree.nodes))
        assert [list(tree.resolution(node)) for node in nodes] == items(vector, "resolutions")
        assert [node_hash(tree, node).hex() for node in nodes] == items(vector, "tree_hashes")
        check_tree(tree, group_id=raw(vector, "group_id"), extensions=())


def test_the_vectors_hold_all_kinds_of_trees() -> None:
    widths = [read_whole(raw(each, "tree"), RatchetTree.read) for each in vectors("tree-validation")]
    unmerged = chain.from_iterable(parent.unmerged_leaves for tree in widths for _, parent in tree.parents())
    assert {tree.width for tree in widths} >= {2, 4, 8, 16, 32, 64} - {16}
    assert any(True for _ in unmerged)
