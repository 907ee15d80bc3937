"""Everything public about one commit (RFC 9420 §12.4.2): checked, applied, and ready for whoever also holds secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.mls.commit import Commit, UpdatePath
from sotto_keys.shared.mls.framing import AuthenticatedContent, SenderType
from sotto_keys.shared.mls.leaf_node import LeafNode, LeafSource, verify_leaf
from sotto_keys.shared.mls.proposals import Proposal, ProposalReference
from sotto_keys.shared.mls.provisional import Provisional, Sourced, apply_proposals
from sotto_keys.shared.mls.transcript import confirmed_transcript_hash
from sotto_keys.shared.mls.tree_checks import check_members
from sotto_keys.shared.mls.tree_hash import tree_hash, with_path
from sotto_keys.shared.untrusted import Forked, Inconsistent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.shared.mls.group_context import GroupContext
    from sotto_keys.shared.mls.tree import RatchetTree


@dataclass(frozen=True, slots=True)
class PathStep:
    """One node of a path: where it is, and the nodes that its secret is sealed to."""

    node: int
    copath: int
    recipients: tuple[int, ...]
    """Resolution of the copath child without the newcomers of this commit, in order."""


@dataclass(frozen=True, slots=True)
class Staged:
    """The public outcome of a commit."""

    committer: int
    commit: Commit
    change: Provisional
    steps: tuple[PathStep, ...]
    """The filtered direct path; empty without a path."""
    tree: RatchetTree
    provisional: GroupContext
    """The new context with the old confirmed transcript hash: what path secrets are sealed under."""
    context: GroupContext
    """The context of the new epoch."""


def stage(
    tree: RatchetTree,
    context: GroupContext,
    *,
    interim: bytes,
    commit: AuthenticatedContent,
    earlier: Mapping[bytes, Sourced],
) -> Staged:
    """Check and apply `commit` to the group; `earlier` holds proposals by their reference.

    Not checked, since it takes secrets: membership tag, confirmation tag, path secrets.
    Refuses with `Forked` (another group or epoch), `BadSignature`, `Inconsistent` or `Malformed`.
    """
    committer, content = authenticate(tree, context, commit=commit)
    change = apply_proposals(
        tree,
        context.extensions,
        proposals=[_resolve(each, committer, earlier=earlier) for each in content.proposals],
        committer=committer,
        group_id=context.group_id,
    )
    if change.needs_path and content.path is None:
        raise Inconsistent("a commit without the path it needs")
    steps = path_steps(change, committer) if content.path else ()
    after = change.tree
    if content.path:
        after = merge_path(change.tree, content.path, steps=steps, committer=committer, group_id=context.group_id)
    check_members(after, extensions=change.extensions)
    provisional = context.next_epoch(tree_hash=tree_hash(after), extensions=change.extensions)
    confirmed = provisional.confirmed_by(confirmed_transcript_hash(interim, commit))
    return Staged(committer, content, change, steps, after, provisional, confirmed)


def authenticate(tree: RatchetTree, context: GroupContext, *, commit: AuthenticatedContent) -> tuple[int, Commit]:
    """The leaf that signed this commit of this group and epoch, and the commit."""
    framed = commit.framed
    if (framed.group_id, framed.epoch) != (context.group_id, context.epoch):
        raise Forked("a commit of another group or epoch")
    leaf = tree.leaf(framed.sender.index) if framed.sender.kind is SenderType.MEMBER else None
    if leaf is None or not isinstance(framed.content, Commit):
        raise Inconsistent("not a commit of a member")
    commit.verify(signature_key=leaf.signature_key, context=context)
    return framed.sender.index, framed.content


def _resolve(each: Proposal | ProposalReference, committer: int, *, earlier: Mapping[bytes, Sourced]) -> Sourced:
    if not isinstance(each, ProposalReference):
        return Sourced(each, committer)
    found = earlier.get(each.reference)
    if found is None:
        raise Inconsistent("a reference to a proposal that we do not have")
    return found


def path_steps(change: Provisional, committer: int) -> tuple[PathStep, ...]:
    """The filtered direct path of the committer in the new tree, newcomers left out of the recipients (§7.5)."""
    newcomers = {2 * leaf for leaf in change.added}
    return tuple(
        PathStep(node, copath, tuple(each for each in change.tree.resolution(copath) if each not in newcomers))
        for node, copath in change.tree.filtered_path(committer)
    )


def merge_path(
    tree: RatchetTree, path: UpdatePath, *, steps: tuple[PathStep, ...], committer: int, group_id: bytes
) -> RatchetTree:
    """Check the path against the tree and lay it over (§7.5). `Inconsistent` or `BadSignature`."""
    counts = [len(each.sealed) for each in path.nodes]
    if counts != [len(each.recipients) for each in steps]:
        raise Inconsistent("a path with other nodes or recipients than the tree has")
    keys = path.keys()
    if len(set(keys)) != len(keys) or not set(keys).isdisjoint(tree.encryption_keys()):
        raise Inconsistent("a path with a key that is not new")
    after, parent_hash = with_path(tree, committer, keys=keys[1:])
    _check_path_leaf(path.leaf, parent_hash=parent_hash)
    verify_leaf(path.leaf, group_id=group_id, leaf_index=committer)
    return after.with_nodes([(2 * committer, path.leaf)])


def _check_path_leaf(leaf: LeafNode, *, parent_hash: bytes) -> None:
    if leaf.source is not LeafSource.COMMIT or leaf.parent_hash != parent_hash:
        raise Inconsistent("a path leaf with another parent hash than its path gives")
