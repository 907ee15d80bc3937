"""Which devices could be asked for at a moment: in force, of the right kind, with a key package, and not yet in."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sotto_keys.shared.card import Terms, terms_of
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.public_group import PublicGroup
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.domain.policy_world import day_of
from sotto_server.usecases.answering import packages_held
from sotto_server.usecases.believed import believed
from sotto_server.usecases.finding import conversation_of
from sotto_server.usecases.organisation import policy_held
from sotto_server.usecases.sign_in import check_sign_in
from sotto_wire.frames import Candidates, FindCandidates
from sotto_wire.ids import Digest
from sotto_wire.limits import CANDIDATES_LISTED
from sotto_wire.moments import fits, may_serve
from sotto_wire.refusals import NotAdmitted, NotOffered, WrongStage
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_keys.shared.credential import Credential
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.directory import CredentialEntry
    from sotto_server.domain.speaker import Asked, Speaker
    from sotto_server.ports import PolicyReader, Presence, Unit
    from sotto_wire.claims import GroupTerms
    from sotto_wire.ids import Millis


def find_candidates(
    unit: Unit, asked: Asked[FindCandidates], /, *, now: Millis, policies: PolicyReader, presence: Presence
) -> Candidates:
    """A query; who is here stands first, for a device that is switched off helps nobody now.

    Refuses with `NotFound`, `NotSignedIn`, `NotAdmitted` (a guest asks), `WrongStage` or `NotOffered`.
    """
    conversation = asking_in(unit, asked.frame.conversation, by=asked.by, now=now)
    terms = allowed(unit, conversation, asked.frame.moment, policies=policies, now=now)
    here_first = sorted(unit.credentials.find(void=False), key=lambda each: not presence.is_here(each.device))
    found = (
        each.envelope
        for each in here_first
        if candidate(unit, each, conversation=conversation, terms=terms, now=now) is not None
    )
    return Candidates(ref=asked.frame.ref, credentials=list(islice(found, CANDIDATES_LISTED)))


def asking_in(unit: Unit, name: bytes, *, by: Speaker, now: Millis) -> Conversation:
    """The conversation that this agent, let in for the desk, may ask its customer something in."""
    check_sign_in(unit, by, now=now)
    conversation = conversation_of(unit, name)
    member = conversation.speaker(by.device)
    if member.role != "agent":
        raise NotAdmitted("only an agent of the desk asks")
    if conversation.stage is not Stage.ACTIVE or member.hushed:
        raise WrongStage(conversation.stage)
    return conversation


def allowed(unit: Unit, conversation: Conversation, moment: str, *, policies: PolicyReader, now: Millis) -> Terms:
    """How the policy of this conversation lets the moment be asked; `NotOffered` where it does not."""
    policy = unit.policies.get(Digest(terms_in(unit, conversation).policy_digest))
    if policy is None:
        raise NotOffered("a policy that is not held here")
    try:
        terms = terms_of(policy.body, moment)
    except Untrusted as error:
        raise NotOffered(str(error)) from None
    if terms.purpose in policies.purposes_off(policy.body, at=day_of(now)):
        raise NotOffered("a date of the policy has passed")
    in_force = policy_held(unit, None, now=now)
    if in_force is not None and terms.purpose in policies.ended(policy.body, in_force.body):
        raise NotOffered("the policy in force asks for more: it can be asked in a new conversation")
    return terms


def terms_in(unit: Unit, conversation: Conversation) -> GroupTerms:
    state = unit.groups.get(conversation.key)
    assert state is not None, "a conversation that is not closed has its group"
    return read_terms(PublicGroup.from_bytes(state.public).extensions)


def candidate(
    unit: Unit, entry: CredentialEntry, *, conversation: Conversation, terms: Terms, now: Millis
) -> Credential | None:
    """The credential, if its device could be let in now."""
    if any(each.device == entry.device and each.is_current for each in conversation.members):
        return None
    try:
        credential = believed(unit).judge_credential(entry.envelope, at=now, leaf_key=entry.device)
    except Untrusted:
        return None
    guest = terms.row.guest
    assert guest is not None, "terms_of refuses a moment that lets nobody in"
    kind, roles, desks = credential.kind, credential.roles, credential.desks
    is_right = fits(guest, kind=kind, roles=roles, desks=desks, desk=conversation.desk) and may_serve(
        terms.purpose, kind=kind, roles=roles
    )
    return credential if is_right and packages_held(unit, entry.device, now=now) else None
