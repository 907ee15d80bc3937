"""Judging how a conversation opens, or goes on in its next group: the group of epoch 0 and the start decision beside it.

docs/protocol.md 3, 3.4 and 4.1 `open`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.decision import Decision, stands_for, verify_decision
from sotto_keys.shared.mls.chain import check_chain
from sotto_keys.shared.mls.extensions import GROUP_TERMS, required_capabilities
from sotto_keys.shared.mls.group_memory import GroupMemory
from sotto_keys.shared.mls.group_terms import check_customer, read_terms, split_group_id
from sotto_keys.shared.mls.proofs import proofs
from sotto_keys.shared.mls.public_group import start_public_group
from sotto_wire.claims import GroupTerms, TeamAdmission
from sotto_wire.limits import CLOCK_SKEW_MS, CONVERSATION_LIFE_MS
from sotto_wire.refusals import ClockSkew, CommitNotAllowed, ConsentMissing

if TYPE_CHECKING:
    from sotto_keys.shared.mls.public_group import PublicGroup
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.claims import Signed
    from sotto_wire.ids import ConversationId, Millis


@dataclass(frozen=True, slots=True)
class Page:
    """Where the conversation belongs, as the snippet (or the relay's own list of sites) says."""

    site: str
    desk: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A conversation that may begin."""

    group: PublicGroup
    conversation: ConversationId
    number: int
    terms: GroupTerms
    start: Decision
    memory: GroupMemory


def judge_opening(group_info: bytes, start: Signed, *, trust: TrustState, page: Page | None, now: Millis) -> Opening:
    """The group and start decision of a new conversation, or of a conversation's next group, or a refusal.

    `page` is none where the caller looks up afterwards whether the site and desk of the terms exist. Whether the group before is the one
    that the caller knows is the caller's to ask (`check_continues`).
    `ProofFailed`: a signature, tree or predecessor line does not hold, trust is not fresh, another organisation. `CommitNotAllowed`: not
    a group as the protocol wants it. `ConsentMissing`: the decision is not a given team admission for this desk under a policy in force.
    `ClockSkew`: decided more than five minutes off `now`.
    """
    with proofs():
        trust.require_fresh(now)
        group = start_public_group(group_info)
        terms = read_terms(group.extensions)
        check_customer([leaf for _, leaf in group.roster()], terms.customer_key)
        decision = verify_decision(start, terms.customer_key)
        conversation, number = split_group_id(group.group_id)
        check_chain(terms, conversation=conversation, number=number)
    _check_terms(group, terms, trust=trust, page=page)
    if terms.standing != [decision.digest] or decision.claims.conversation != conversation:
        raise CommitNotAllowed("not exactly the start decision stands")
    if abs(decision.claims.decided_at - now) > CLOCK_SKEW_MS:
        raise ClockSkew("decided too far from this clock")
    _check_consent(decision, conversation=conversation, terms=terms, trust=trust, now=now)
    memory = GroupMemory(committed_at=0, is_whole=True, decisions=[decision.claims], members=[], handoff=None)
    return Opening(group, conversation, number, terms, decision, memory)


def _check_terms(group: PublicGroup, terms: GroupTerms, *, trust: TrustState, page: Page | None) -> None:
    with proofs():
        required = required_capabilities(group.extensions)
        trust.check_root(terms.root)
    if required.extensions != (GROUP_TERMS,) or required.proposals:
        raise CommitNotAllowed("other required capabilities")
    if page is not None and (terms.site, terms.desk) != (page.site, page.desk):
        raise CommitNotAllowed("another site or desk")
    if terms.recovery_key is not None:
        raise CommitNotAllowed("recovery keys are not in use")


def _check_consent(
    decision: Decision, *, conversation: ConversationId, terms: GroupTerms, trust: TrustState, now: Millis
) -> None:
    claims = decision.claims
    is_for_the_desk = claims.admits == TeamAdmission(desk=terms.desk)
    if not is_for_the_desk or not stands_for(claims, conversation=conversation, terms=terms, at=now):
        raise ConsentMissing("not a start decision for this desk")
    if claims.expires_at - claims.decided_at > CONVERSATION_LIFE_MS:
        raise ConsentMissing("a start decision for longer than a conversation lives")
    if not trust.has_policy(terms.policy_digest, at=trust.effective_time(now)):
        raise ConsentMissing("a policy that is not in force")
