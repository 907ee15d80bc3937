"""Rule G4 of the commit gate: the closed list. Who the change.by is in this group, and what such a one may do."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, assert_never

from sotto_keys.shared.credential import KIND_HUMAN, ROLE_AGENT, is_on_call
from sotto_keys.shared.mls.group_memory import HANDOFF_MS
from sotto_keys.shared.mls.proofs import proofs
from sotto_keys.shared.mls.sweep import is_void, vouched
from sotto_wire.ids import Millis
from sotto_wire.refusals import CommitNotAllowed, ProofFailed

if TYPE_CHECKING:
    from sotto_keys.shared.mls.gate_shape import Change
    from sotto_keys.shared.mls.group_memory import GroupMemory, Handoff
    from sotto_keys.shared.mls.leaf_node import LeafNode
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.claims import CommitNote, GroupTerms


class Row(Enum):
    """The rows of the closed list that have a committer."""

    CUSTOMER = auto()
    TEAM = auto()
    """A human agent let in under a team admission that still stands."""
    OTHER = auto()
    """Bot, supervisor, one-device guest, or an agent whose team admission was withdrawn."""


def check_row(
    change: Change,
    *,
    note: CommitNote,
    terms: GroupTerms,
    memory: GroupMemory,
    trust: TrustState,
) -> None:
    """G4. `CommitNotAllowed`, or `ProofFailed` for a committer the organisation no longer stands by."""
    row = row_of(change, note=note, terms=terms, memory=memory, trust=trust)
    if len(change.adds) > 1:
        raise CommitNotAllowed("more than one Add")
    if note.on_call and (row is not Row.CUSTOMER or not change.adds):
        raise CommitNotAllowed("only the customer's Add lets somebody on call in")
    match row:
        case Row.CUSTOMER:
            return
        case Row.TEAM:
            _check_team(change, note=note, terms=terms, memory=memory, trust=trust)
        case Row.OTHER:
            _check_empty_path(change, note=note, memory=memory)
        case _:  # pragma: no cover
            assert_never(row)


def row_of(
    change: Change,
    *,
    note: CommitNote,
    terms: GroupTerms,
    memory: GroupMemory,
    trust: TrustState,
) -> Row:
    """The committer's row. `ProofFailed` when its credential is not in force at `committed_at` (T32: a revoked agent's queued commit)."""
    if change.by == terms.customer_key:
        return Row.CUSTOMER
    with proofs():
        credential = trust.judge_credential(
            change.committer.credential.identity, at=Millis(note.committed_at), leaf_key=change.by
        )
    is_agent = credential.kind == KIND_HUMAN and ROLE_AGENT in credential.roles and terms.desk in credential.desks
    known = memory.member(change.by)
    if known is None:
        # Somebody who was here before us: those who were there know how it came in.
        return Row.TEAM if is_agent and not memory.is_whole else Row.OTHER
    return Row.TEAM if is_agent and known.is_team and known.under in terms.standing else Row.OTHER


def _check_team(change: Change, *, note: CommitNote, terms: GroupTerms, memory: GroupMemory, trust: TrustState) -> None:
    if change.extensions is not None:
        raise CommitNotAllowed("only the customer changes the terms")
    if memory.handoff is not None:
        _check_in_handoff(change, note=note, handoff=memory.handoff)
    elif change.adds:
        _check_add(change, note=note, memory=memory)
    elif change.removed and _is_first_reader(change, terms=terms, memory=memory, trust=trust):
        return
    elif change.removed:
        _check_removes(change, note=note, memory=memory, trust=trust)
    else:
        _check_empty_path(change, note=note, memory=memory)


def _check_in_handoff(change: Change, *, note: CommitNote, handoff: Handoff) -> None:
    # Until the newcomer has put its predecessor out, nothing else of an agent may win the epoch.
    gone = [leaf.signature_key for leaf in change.removed]
    by_newcomer = change.by == handoff.newcomer and gone == [handoff.adder]
    is_late = note.committed_at - handoff.opened_at >= HANDOFF_MS
    by_adder = change.by == handoff.adder and gone == [handoff.newcomer] and is_late
    if change.adds or not (by_newcomer or by_adder):
        raise CommitNotAllowed("a handoff is under way")


def _is_first_reader(change: Change, *, terms: GroupTerms, memory: GroupMemory, trust: TrustState) -> bool:
    """(iii) The first on call that reads removes the others on call, as its first commit, and nobody else."""
    known = memory.member(change.by)
    if known is None or not known.on_call:
        return False
    return all(_waits_on_call(leaf, terms=terms, memory=memory, trust=trust) for leaf in change.removed)


def _waits_on_call(leaf: LeafNode, *, terms: GroupTerms, memory: GroupMemory, trust: TrustState) -> bool:
    known = memory.member(leaf.signature_key)
    if known is not None:
        return known.on_call == 1
    # Somebody who was here before us: those who were there know how it came in; we know what it is.
    with proofs():
        credential = vouched(leaf, trust)
    return not memory.is_whole and is_on_call(credential, terms.desk)


def _check_add(change: Change, *, note: CommitNote, memory: GroupMemory) -> None:
    known = memory.member(change.by)
    if known is not None and known.on_call:
        raise CommitNotAllowed("who is on call answers before handing over")
    if change.removed:
        raise CommitNotAllowed("an agent adds one device and does nothing else with it")
    if note.decision is None or (known is not None and note.relies_on not in (None, known.under)):
        raise CommitNotAllowed("an agent's Add carries the team decision that let the agent in")


def _check_removes(change: Change, *, note: CommitNote, memory: GroupMemory, trust: TrustState) -> None:
    at = Millis(note.committed_at)
    if memory.member(change.by) is None and note.trust_version is None:
        return  # it may be ending a handoff that is older than our memory
    if note.trust_version is None:
        raise CommitNotAllowed("a Remove that cites no trust version")
    if note.trust_version > trust.trust.version:
        raise ProofFailed("a trust document that we do not have")
    if not all(is_void(leaf, trust, at=at) for leaf in change.removed):
        raise CommitNotAllowed("a Remove of somebody in force")


def _check_empty_path(change: Change, *, note: CommitNote, memory: GroupMemory) -> None:
    if not change.is_empty:
        raise CommitNotAllowed("this member may send an empty path only")
    if not memory.may_send_path(change.by, at=note.committed_at):
        raise CommitNotAllowed("a path too soon after the last")
