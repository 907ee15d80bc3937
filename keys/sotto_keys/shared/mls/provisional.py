"""What a list of proposals makes of a tree and its extensions (RFC 9420 §12.2, §12.3). The commit's path comes after, in `staging`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.mls.crypto_labels import HASH_BYTES
from sotto_keys.shared.mls.key_package import verify_signatures
from sotto_keys.shared.mls.leaf_node import LeafSource, verify_leaf
from sotto_keys.shared.mls.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    Update,
)
from sotto_keys.shared.untrusted import Inconsistent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_keys.shared.mls.extensions import Extensions
    from sotto_keys.shared.mls.psk_id import PskId
    from sotto_keys.shared.mls.tree import RatchetTree


@dataclass(frozen=True, slots=True)
class Sourced:
    """A proposal and the leaf number of the member who made it."""

    proposal: Proposal
    proposer: int


@dataclass(frozen=True, slots=True)
class Provisional:
    """The tree and extensions after the proposals and before the path."""

    tree: RatchetTree
    extensions: Extensions
    added: tuple[int, ...]
    """Leaf numbers of the newcomers, in the order of their Adds."""
    removed: tuple[int, ...]
    """Leaf numbers put out; a newcomer may have got the same number."""
    psks: tuple[PskId, ...]
    needs_path: bool


def apply_proposals(
    tree: RatchetTree, extensions: Extensions, *, proposals: Sequence[Sourced], committer: int, group_id: bytes
) -> Provisional:
    """Check the list and apply it in the order of §12.3. `Inconsistent`, `Malformed` or `BadSignature`."""
    check_list(proposals, committer=committer)
    kinds = [each.proposal for each in proposals]
    replaced = [each.extensions for each in kinds if isinstance(each, GroupContextExtensions)]
    for each in proposals:
        if isinstance(each.proposal, Update):
            tree = _updated(tree, each.proposal, index=each.proposer, group_id=group_id)
    removed = tuple(each.leaf_index for each in kinds if isinstance(each, Remove))
    for index in removed:
        if tree.leaf(index) is None:
            raise Inconsistent("a Remove of nobody")
    for index in removed:
        tree = tree.removed(index)
    added: list[int] = []
    for add in kinds:
        if isinstance(add, Add):
            verify_signatures(add.key_package)
            tree, index = tree.added(add.key_package.leaf)
            added.append(index)
    psks = tuple(each.psk for each in kinds if isinstance(each, PreSharedKey))
    needs_path = not kinds or any(isinstance(each, Update | Remove | GroupContextExtensions) for each in kinds)
    return Provisional(tree, replaced[0] if replaced else extensions, tuple(added), removed, psks, needs_path)


def _updated(tree: RatchetTree, update: Update, *, index: int, group_id: bytes) -> RatchetTree:
    old = tree.leaf(index)
    if old is None or update.leaf.source is not LeafSource.UPDATE or old.encryption_key == update.leaf.encryption_key:
        raise Inconsistent("an Update that updates nothing")
    verify_leaf(update.leaf, group_id=group_id, leaf_index=index)
    return tree.updated(index, update.leaf)


def check_list(proposals: Sequence[Sourced], *, committer: int) -> None:
    """The rules of §12.2 that look at the list alone. `Inconsistent`."""
    kinds = [each.proposal for each in proposals]
    if any(isinstance(each, ReInit | ExternalInit) for each in kinds):
        raise Inconsistent("ReInit and external joins are not spoken here")
    if sum(1 for each in kinds if isinstance(each, GroupContextExtensions)) > 1:
        raise Inconsistent("the extensions are replaced twice")
    touched = [each.proposer for each in proposals if isinstance(each.proposal, Update)]
    touched += [each.leaf_index for each in kinds if isinstance(each, Remove)]
    if len(set(touched)) != len(touched) or committer in touched:
        raise Inconsistent("a leaf is changed twice, or the committer changes itself")
    newcomers = [each.key_package.leaf.signature_key for each in kinds if isinstance(each, Add)]
    if len(set(newcomers)) != len(newcomers):
        raise Inconsistent("one device is added twice")
    psks = [each.psk for each in kinds if isinstance(each, PreSharedKey)]
    if len(set(psks)) != len(psks) or any(len(each.nonce) != HASH_BYTES for each in psks):
        raise Inconsistent("a pre-shared key stands twice, or has no proper nonce")
