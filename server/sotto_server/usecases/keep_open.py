"""The customer keeps a chat open longer: a commit of their own device that carries a new decision for the same desk and adds nobody.

Nobody else can: agents do not change the terms (G4), and the relay has no key that signs a decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.card import language_of
from sotto_keys.shared.decision import stands_for
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.usecases.organisation import policy_held
from sotto_server.usecases.record_decision import OPEN
from sotto_wire.claims import DecisionClaims, Signed, TeamAdmission
from sotto_wire.codec import decode_claims
from sotto_wire.ids import Millis
from sotto_wire.limits import CONVERSATION_LIFE_MS, TIMES_KEPT_OPEN
from sotto_wire.moments import Moment
from sotto_wire.questions import Event
from sotto_wire.refusals import CommitNotAllowed, NotAdmitted, NotOffered, WrongStage
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_keys.shared.decision import Decision
    from sotto_keys.shared.mls.verdict import Verdict
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.ledger import LedgerEntry
    from sotto_server.ports import Unit
    from sotto_wire.claims import GroupTerms
    from sotto_wire.ids import Digest


@dataclass(frozen=True, slots=True)
class Longer:
    """What such a decision does."""

    start: Digest
    """The start decision that it renews."""
    closes_at: Millis


def kept_open(unit: Unit, conversation: Conversation, verdict: Verdict, *, now: Millis) -> Longer | None:
    """None for a commit that carries no decision, or one for the device that it adds.

    Refuses with `CommitNotAllowed` (no decision of the customer about the desk, a replayed one, one too many), `WrongStage`,
    `NotAdmitted` (it does not stand for this conversation now) or `NotOffered` (not under these words, or another policy is in force).
    """
    decision = verdict.decision
    if decision is None or verdict.added:
        return None
    if not verdict.by_customer or not isinstance(decision.claims.admits, TeamAdmission):
        raise CommitNotAllowed("a decision without the Add that it is for")
    if conversation.stage is not Stage.ACTIVE:
        raise WrongStage(conversation.stage)
    entries = unit.ledger.find(conversation=conversation.id)
    # The same decision in another commit decides nothing a second time.
    if decision.digest not in verdict.terms.standing or any(each.digest == decision.digest for each in entries):
        raise CommitNotAllowed("a decision that does not stand, or was taken before")
    if sum(each.event == Event.RENEW for each in entries) >= TIMES_KEPT_OPEN:
        raise CommitNotAllowed("kept open often enough")
    start = _start(entries, conversation)
    _check(decision, terms=verdict.terms, conversation=conversation, purpose=_claims(start).purpose, now=now)
    _check_words(unit, decision, terms=verdict.terms, now=now)
    ends = min(now + CONVERSATION_LIFE_MS, decision.claims.expires_at)
    return Longer(start=start.digest, closes_at=Millis(max(conversation.closes_at, ends)))


def _start(entries: list[LedgerEntry], conversation: Conversation) -> LedgerEntry:
    """Of the group that runs: opening it came before any commit in it."""
    opened = (each for each in entries if each.event == OPEN)
    return next(each for each in opened if _claims(each).customer_key == conversation.customer)


def _claims(row: LedgerEntry) -> DecisionClaims:
    return decode_claims(decode_claims(row.signed, Signed).claims, DecisionClaims)


def _check(decision: Decision, *, terms: GroupTerms, conversation: Conversation, purpose: str, now: Millis) -> None:
    claims = decision.claims
    is_the_same = (
        claims.admits == TeamAdmission(desk=conversation.desk)
        and claims.purpose == purpose
        and claims.history == "new_messages"
        and claims.request is None
        and claims.expires_at - claims.decided_at <= CONVERSATION_LIFE_MS
    )
    if not is_the_same or not stands_for(claims, conversation=conversation.id, terms=terms, at=now):
        raise NotAdmitted("not what was decided at the start, or not now")


def _check_words(unit: Unit, decision: Decision, *, terms: GroupTerms, now: Millis) -> None:
    """Only under the policy in force (docs/decisions/0015), and only under the words that it has for this."""
    policy = policy_held(unit, None, now=now)
    if policy is None or policy.digest != terms.policy_digest:
        raise NotOffered("another policy is in force: the next chat begins under it")
    words = decision.claims.notice_digest
    try:
        language = language_of(policy.body, Moment.LONGER_TIME, desk=terms.desk, newcomer=None, digest=words)
    except Untrusted:
        language = None
    if language is None:
        raise NotOffered("the policy has no such words")
