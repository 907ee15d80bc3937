"""A newcomer's own judgement of the group it was let into (docs/protocol.md 3.2): a Welcome alone does not say who allowed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from sotto_keys.shared.mls.chain import check_chain, check_continues
from sotto_keys.shared.mls.commit_gate import open_decision, read_note
from sotto_keys.shared.mls.gate_adds import judge_adds
from sotto_keys.shared.mls.gate_rows import Row, row_of
from sotto_keys.shared.mls.gate_shape import Change
from sotto_keys.shared.mls.group_memory import GroupMemory
from sotto_keys.shared.mls.group_terms import check_customer, read_terms, split_group_id
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.proofs import proofs
from sotto_keys.shared.mls.proposals import Add, GroupContextExtensions, Remove
from sotto_keys.shared.mls.sweep import readers, vouched
from sotto_keys.shared.mls.verdict import Verdict
from sotto_keys.shared.untrusted import Forked
from sotto_wire.ids import Millis
from sotto_wire.limits import ROSTER_LEAVES
from sotto_wire.refusals import CommitNotAllowed, ConsentMissing, RosterFull

if TYPE_CHECKING:
    from sotto_keys.shared.mls.opening_gate import Page
    from sotto_keys.shared.mls.parsed_commit import ParsedCommit
    from sotto_keys.shared.mls.public_group import PublicGroup
    from sotto_keys.shared.mls.sweep import Reader
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.claims import GroupTerms, WelcomeBundle
    from sotto_wire.ids import ConversationId


@dataclass(frozen=True, slots=True)
class Joined:
    """A group we may take part in. `readers` may hold leaves no longer in force: then nothing is encrypted until they are removed."""

    conversation: ConversationId
    number: int
    terms: GroupTerms
    memory: GroupMemory
    readers: tuple[Reader, ...]


def judge_welcome(
    group: PublicGroup,
    bundle: WelcomeBundle,
    *,
    own: bytes,
    trust: TrustState,
    page: Page | None,
    earlier: GroupTerms | None = None,
) -> Joined:
    """The group as joined (its tree, tags and hashes already checked by the member), judged together with the commit that added us.

    `own` is our device key; `page` is what the relay's card says, where there is one; `earlier` are the terms of the conversation's group
    that we are or were in. Judged at the commit's `committed_at`.
    `ProofFailed`: the commit is not the one of this group, or a leaf, root, credential or predecessor line fails. `CommitNotAllowed`,
    `NotAdmitted`, `RosterFull`, `ConsentMissing`: as in the commit gate.
    """
    with proofs():
        commit = _own_commit(group, bundle)
        terms = read_terms(group.extensions)
        conversation, number = split_group_id(group.group_id)
        check_customer([leaf for _, leaf in group.roster()], terms.customer_key)
        check_chain(terms, conversation=conversation, number=number)
        if earlier is not None:
            _check_earlier(terms, earlier)
        trust.check_root(terms.root)
        for _, leaf in group.roster():
            if leaf.signature_key != terms.customer_key:
                vouched(leaf, trust)
    if page is not None and (terms.site, terms.desk) != (page.site, page.desk):
        raise CommitNotAllowed("another site or desk")
    if len(group.roster()) > ROSTER_LEAVES:
        raise RosterFull("more than eight leaves")
    verdict = _judge(group, commit, own=own, terms=terms, trust=trust)
    at = Millis(verdict.note.committed_at)
    if not trust.has_policy(terms.policy_digest, at=at):
        raise ConsentMissing("a policy that is not in force")
    memory = _blank().after(verdict)
    return Joined(conversation, number, terms, memory, readers(group, trust, customer_key=terms.customer_key, at=at))


def _check_earlier(terms: GroupTerms, earlier: GroupTerms) -> None:
    if len(terms.chain) > len(earlier.chain):
        check_continues(terms, earlier)
    elif msgspec.structs.replace(terms, standing=earlier.standing) != earlier:
        raise Forked("another group under the same number, or an earlier one")


def _own_commit(group: PublicGroup, bundle: WelcomeBundle) -> ParsedCommit:
    commit = parse_commit(bundle.commit)
    if (commit.group_id, commit.epoch + 1) != (group.group_id, group.epoch):
        raise Forked("the commit of another group or epoch")
    if commit.confirmed_after(bundle.interim_hash) != group.confirmed_transcript_hash:
        raise Forked("not the commit that this group confirms")
    if commit.confirmation_tag != group.confirmation_tag:
        raise Forked("another confirmation tag")
    return commit


def _judge(group: PublicGroup, commit: ParsedCommit, *, own: bytes, terms: GroupTerms, trust: TrustState) -> Verdict:
    note = read_note(commit)
    change = _change(group, commit, own=own)
    conversation, _ = split_group_id(group.group_id)
    decision = open_decision(note, customer_key=terms.customer_key, conversation=conversation)
    memory = _blank()
    row = row_of(change, note=note, terms=terms, memory=memory, trust=trust)
    does_more = any(not isinstance(each, Add) for each in commit.proposals)
    if row is Row.OTHER or (row is Row.TEAM and does_more):
        raise CommitNotAllowed("added by somebody who may not")
    added = judge_adds(
        change,
        note=note,
        decision=decision,
        by_customer=row is Row.CUSTOMER,
        conversation=conversation,
        terms=terms,
        memory=memory,
        trust=trust,
    )
    return Verdict(
        commit=commit,
        committer=change.by,
        by_customer=row is Row.CUSTOMER,
        note=note,
        decision=decision,
        terms=terms,
        added=added,
        removed=(),
    )


def _change(group: PublicGroup, commit: ParsedCommit, *, own: bytes) -> Change:
    """The commit as far as a newcomer can see it; who was removed it cannot know."""
    adds = [each.key_package for each in commit.proposals if isinstance(each, Add)]
    lists = [each.extensions for each in commit.proposals if isinstance(each, GroupContextExtensions)]
    allowed = all(isinstance(each, Add | Remove | GroupContextExtensions) for each in commit.proposals)
    if not allowed or commit.path is None or [each.leaf.signature_key for each in adds] != [own]:
        raise CommitNotAllowed("not a commit that adds this device alone")
    place = group.find(own)
    if place is None or group.leaf(place) != adds[0].leaf or (lists and lists != [group.extensions]):
        raise CommitNotAllowed("a commit that gave another group than this")
    committer = group.leaf(commit.sender)
    if committer is None or committer != commit.path.leaf:
        raise CommitNotAllowed("a committer who is not in the tree")
    return Change(
        committer=committer, adds=tuple(adds), removed=(), extensions=lists[0] if lists else None, path=commit.path
    )


def _blank() -> GroupMemory:
    return GroupMemory(committed_at=0, is_whole=False, decisions=[], members=[], handoff=None)
