"""The commit gate: rules G1-G8 of docs/protocol.md 3.1, on the parsed bytes of a commit and before any MLS code processes it.

The relay and the Python client run this file; `client_web/src/keys/mls/gate.ts` is the same table for the browser. The rows of the
closed list are in `gate_rows`, the judgement of an Add in `gate_adds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.decision import Decision, verify_decision
from sotto_keys.shared.mls.gate_adds import judge_adds
from sotto_keys.shared.mls.gate_rows import check_row
from sotto_keys.shared.mls.gate_shape import check_keys, check_roster, check_terms, read_change
from sotto_keys.shared.mls.group_terms import read_terms, split_group_id
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.proofs import proofs
from sotto_keys.shared.mls.verdict import Verdict
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.claims import CommitNote, GroupTerms
from sotto_wire.codec import decode_claims
from sotto_wire.ids import DeviceKey, Millis
from sotto_wire.limits import CLOCK_SKEW_MS
from sotto_wire.refusals import BadFrame, ClockSkew, NotAdmitted, StaleEpoch

if TYPE_CHECKING:
    from sotto_keys.shared.mls.group_memory import GroupMemory
    from sotto_keys.shared.mls.parsed_commit import ParsedCommit
    from sotto_keys.shared.mls.public_group import PublicGroup
    from sotto_keys.shared.trust_chain import TrustState


@dataclass(frozen=True, slots=True)
class _Opened:
    """A commit past G2."""

    commit: ParsedCommit
    committer: DeviceKey
    note: CommitNote
    decision: Decision | None


def judge_commit(
    group: PublicGroup, message: bytes, *, trust: TrustState, memory: GroupMemory, now: Millis | None
) -> Verdict:
    """What this commit is, or the refusal of the first rule that it breaks.

    `now` is the relay's clock, none for a client (who replays history and judges everything at `committed_at`). Whether the commit is
    *well made* (signature, path, hashes) is for `PublicGroup.advance` or the member to say, after this and before anything is kept.
    Raises `BadFrame`, `StaleEpoch`, `ClockSkew`, `ProofFailed`, `CommitNotAllowed`, `RosterFull` or `NotAdmitted`.
    """
    terms = read_terms(group.extensions)
    opened = _open(group, message, terms=terms, memory=memory, now=now)
    change = read_change(group, opened.commit)  # G3
    check_row(change, note=opened.note, terms=terms, memory=memory, trust=trust)  # G4
    check_keys(group, change)  # G5
    check_roster(group, change, customer_key=terms.customer_key)  # G6
    after = check_terms(group, change, terms=terms, decision=opened.decision, memory=memory)  # G7
    by_customer = opened.committer == terms.customer_key
    conversation, _ = split_group_id(group.group_id)
    added = judge_adds(  # G8
        change,
        note=opened.note,
        decision=opened.decision,
        by_customer=by_customer,
        conversation=conversation,
        terms=after,
        memory=memory,
        trust=trust,
    )
    return Verdict(
        commit=opened.commit,
        committer=opened.committer,
        by_customer=by_customer,
        note=opened.note,
        decision=opened.decision,
        terms=after,
        added=added,
        removed=tuple(DeviceKey(leaf.signature_key) for leaf in change.removed),
    )


def read_note(commit: ParsedCommit) -> CommitNote:
    """The note in a commit's authenticated data, or `BadFrame`. A client reads `trust_version` here and fetches before it judges."""
    return decode_claims(commit.authenticated_data, CommitNote)


def open_decision(note: CommitNote, *, customer_key: bytes, conversation: bytes) -> Decision | None:
    """The decision that a note carries: signed by this customer (`ProofFailed`), for this conversation (`NotAdmitted`)."""
    if note.decision is None:
        return None
    with proofs():
        decision = verify_decision(note.decision, customer_key)
    if decision.claims.conversation != conversation:
        raise NotAdmitted("a decision of another conversation")
    return decision


def _open(group: PublicGroup, message: bytes, *, terms: GroupTerms, memory: GroupMemory, now: Millis | None) -> _Opened:
    commit, committer = _addressed(group, message)  # G1
    note = read_note(commit)  # G2
    if note.committed_at < memory.committed_at:
        raise ClockSkew("before the last commit")
    if now is not None and abs(note.committed_at - now) > CLOCK_SKEW_MS:
        raise ClockSkew("too far from this clock")
    conversation, _ = split_group_id(group.group_id)
    decision = open_decision(note, customer_key=terms.customer_key, conversation=conversation)
    return _Opened(commit=commit, committer=committer, note=note, decision=decision)


def _addressed(group: PublicGroup, message: bytes) -> tuple[ParsedCommit, DeviceKey]:
    try:
        commit = parse_commit(message)
    except Malformed as malformed:
        raise BadFrame(str(malformed)) from None
    if commit.group_id != group.group_id:
        raise BadFrame("another group")
    if commit.epoch != group.epoch:
        raise StaleEpoch(f"epoch {commit.epoch} in {group.epoch}")
    leaf = group.leaf(commit.sender)
    if leaf is None:
        raise BadFrame("a commit of nobody")
    return commit, DeviceKey(leaf.signature_key)
