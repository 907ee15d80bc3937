"""Rules G3, G5, G6 and G7 of the commit gate: what a commit is made of, which keys it brings, and what it does to roster and terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from sotto_keys.shared.mls.extensions import REQUIRED_CAPABILITIES, find_extension
from sotto_keys.shared.mls.group_terms import CUSTOMER_PREFIX, read_terms
from sotto_keys.shared.mls.leaf_node import LeafNode, LeafSource
from sotto_keys.shared.mls.proposals import Add, GroupContextExtensions, Remove
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.ids import DeviceKey
from sotto_wire.limits import ROSTER_LEAVES
from sotto_wire.refusals import CommitNotAllowed, RosterFull

if TYPE_CHECKING:
    from sotto_keys.shared.decision import Decision
    from sotto_keys.shared.mls.commit import UpdatePath
    from sotto_keys.shared.mls.extensions import Extensions
    from sotto_keys.shared.mls.group_memory import GroupMemory
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.mls.parsed_commit import ParsedCommit
    from sotto_keys.shared.mls.public_group import PublicGroup
    from sotto_wire.claims import GroupTerms


@dataclass(frozen=True, slots=True)
class Change:
    """A commit of which only kinds that exist in Sotto are left."""

    committer: LeafNode
    """The committer's leaf before the commit."""
    adds: tuple[KeyPackage, ...]
    removed: tuple[LeafNode, ...]
    extensions: Extensions | None
    path: UpdatePath

    @property
    def by(self) -> DeviceKey:
        """The committer's device."""
        return DeviceKey(self.committer.signature_key)

    @property
    def is_empty(self) -> bool:
        """A path and nothing else."""
        return not self.adds and not self.removed and self.extensions is None


def read_change(group: PublicGroup, commit: ParsedCommit) -> Change:
    """G3: only Add, Remove and GroupContextExtensions, all inline, and always a path. `CommitNotAllowed` otherwise."""
    if commit.path is None:
        raise CommitNotAllowed("no path")
    if not all(isinstance(each, Add | Remove | GroupContextExtensions) for each in commit.proposals):
        raise CommitNotAllowed("a proposal outside the closed list")
    lists = [each.extensions for each in commit.proposals if isinstance(each, GroupContextExtensions)]
    numbers = [each.leaf_index for each in commit.proposals if isinstance(each, Remove)]
    leaves = [group.leaf(each) for each in numbers]
    if len(lists) > 1 or len(set(numbers)) != len(numbers) or commit.sender in numbers:
        raise CommitNotAllowed("something twice, or a committer that removes itself")
    return Change(
        committer=_somebody(group.leaf(commit.sender)),
        adds=tuple(each.key_package for each in commit.proposals if isinstance(each, Add)),
        removed=tuple(_somebody(each) for each in leaves),
        extensions=lists[0] if lists else None,
        path=commit.path,
    )


def check_keys(group: PublicGroup, change: Change) -> None:
    """G5: a leaf never changes its face, and no key comes twice. `CommitNotAllowed` otherwise."""
    old, new = change.committer, change.path.leaf
    same_face = (
        new.signature_key == old.signature_key
        and new.credential == old.credential
        and new.capabilities == old.capabilities
        and new.extensions == old.extensions
    )
    if not same_face or new.source is not LeafSource.COMMIT:
        raise CommitNotAllowed("a leaf that changes its face")
    fresh = [*change.path.keys()]
    for package in change.adds:
        fresh += [package.leaf.encryption_key, package.init_key]
    # The library accepts a copied HPKE key: whoever holds the other copy would read along.
    if len(set(fresh)) != len(fresh) or not set(fresh).isdisjoint(group.tree.encryption_keys()):
        raise CommitNotAllowed("a key that is not new")
    gone = {leaf.signature_key for leaf in change.removed}
    staying = [leaf.signature_key for _, leaf in group.roster() if leaf.signature_key not in gone]
    devices = [*staying, *(package.leaf.signature_key for package in change.adds)]
    if len(set(devices)) != len(devices):
        raise CommitNotAllowed("a device that is already in")


def check_roster(group: PublicGroup, change: Change, *, customer_key: bytes) -> None:
    """G6: the customer stays, is nobody else, and eight leaves are enough. `CommitNotAllowed` or `RosterFull`."""
    if any(leaf.signature_key == customer_key for leaf in change.removed):
        raise CommitNotAllowed("the customer is never removed")
    for package in change.adds:
        leaf = package.leaf
        if leaf.signature_key == customer_key or leaf.credential.identity.startswith(CUSTOMER_PREFIX):
            raise CommitNotAllowed("a second customer")
    if len(group.roster()) - len(change.removed) + len(change.adds) > ROSTER_LEAVES:
        raise RosterFull("eight leaves")


def check_terms(
    group: PublicGroup, change: Change, *, terms: GroupTerms, decision: Decision | None, memory: GroupMemory
) -> GroupTerms:
    """G7: the terms after the commit; only `standing` may differ. `CommitNotAllowed`.

    A new digest comes with its decision; the decision that let one device in goes together with that device, unless the same commit
    lets it in again. Who is not the customer cannot change the terms and may leave a digest behind that lets nobody else in.
    """
    after = terms if change.extensions is None else _replaced(group, change.extensions, terms=terms)
    kept = [each for each in after.standing if each in terms.standing]
    fresh = [each for each in after.standing if each not in terms.standing]
    in_order = [each for each in terms.standing if each in kept]
    if len(set(after.standing)) != len(after.standing) or after.standing != [*in_order, *fresh]:
        raise CommitNotAllowed("standing decisions twice or in another order")
    known = [decision.digest] if decision and decision.claims.answer == "given" else []
    if not set(fresh) <= set(known):
        raise CommitNotAllowed("a standing digest without its decision")
    gone = {leaf.signature_key for leaf in change.removed}
    again = {package.leaf.signature_key for package in change.adds}
    for each in memory.members:
        if each.is_team or each.under not in terms.standing or each.device in again:
            continue
        stands, stays = each.under in after.standing, each.device not in gone
        if stays and not stands:
            raise CommitNotAllowed("a decision withdrawn and its device left in")
        if stands and not stays and change.by == terms.customer_key:
            raise CommitNotAllowed("a device put out and its decision left standing")
    return after


def _replaced(group: PublicGroup, extensions: Extensions, *, terms: GroupTerms) -> GroupTerms:
    try:
        after = read_terms(extensions)
    except Malformed as malformed:
        raise CommitNotAllowed(str(malformed)) from None
    same_demands = find_extension(extensions, REQUIRED_CAPABILITIES) == find_extension(
        group.extensions, REQUIRED_CAPABILITIES
    )
    if not same_demands or msgspec.structs.replace(after, standing=terms.standing) != terms:
        raise CommitNotAllowed("terms that change")
    return after


def _somebody(leaf: LeafNode | None) -> LeafNode:
    if leaf is None:
        raise CommitNotAllowed("a Remove of nobody")
    return leaf
