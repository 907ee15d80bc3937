"""Rule G8 of the commit gate: each Add stands on a decision of the customer, and is who it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.credential import KIND_HUMAN, ROLE_AGENT, is_on_call
from sotto_keys.shared.decision import covers
from sotto_keys.shared.mls.key_package import verify_key_package
from sotto_keys.shared.mls.proofs import proofs
from sotto_keys.shared.mls.verdict import Newcomer
from sotto_wire.claims import TeamAdmission
from sotto_wire.ids import DeviceKey, Digest, Millis
from sotto_wire.refusals import NotAdmitted

if TYPE_CHECKING:
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.decision import Decision
    from sotto_keys.shared.mls.gate_shape import Change
    from sotto_keys.shared.mls.group_memory import GroupMemory
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.claims import CommitNote, DecisionClaims, GroupTerms

MS_PER_S = 1000


def judge_adds(
    change: Change,
    *,
    note: CommitNote,
    decision: Decision | None,
    by_customer: bool,
    conversation: bytes,
    terms: GroupTerms,
    memory: GroupMemory,
    trust: TrustState,
) -> tuple[Newcomer, ...]:
    """G8, with the terms as the commit leaves them. `ProofFailed` for the device, `NotAdmitted` for its admission."""
    if not change.adds:
        return ()
    credentials = [judge_device(each, trust=trust, at=Millis(note.committed_at)) for each in change.adds]
    digest = _relied_on(note, decision, terms=terms)
    claims = decision.claims if decision and decision.digest == digest else memory.decision(digest)
    if claims is None and (memory.is_whole or not by_customer):
        raise NotAdmitted("nobody knows this decision")
    for credential in credentials:
        # Where only the digest is known, the customer's own signature on the commit is the decision.
        if claims and not covers(
            claims, credential, conversation=conversation, terms=terms, at=Millis(note.committed_at)
        ):
            raise NotAdmitted("the decision does not cover this device")
        if note.on_call and not is_on_call(credential, terms.desk):
            raise NotAdmitted("nobody who is on call for this desk")
        if not by_customer and not (claims and isinstance(claims.admits, TeamAdmission)):
            raise NotAdmitted("an agent adds under a team admission only")
    return tuple(_newcomer(each, digest, claims=claims, terms=terms) for each in credentials)


def judge_device(package: KeyPackage, *, trust: TrustState, at: Millis) -> Credential:
    """The credential of a key package that could be added at `at`: both signatures, lifetime, abilities, chain. `ProofFailed`."""
    with proofs():
        verify_key_package(package, at=at // MS_PER_S)
        return trust.judge_credential(package.leaf.credential.identity, at=at, leaf_key=package.leaf.signature_key)


def _relied_on(note: CommitNote, decision: Decision | None, *, terms: GroupTerms) -> Digest:
    named = [each for each in (note.relies_on, decision.digest if decision else None) if each is not None]
    if len(set(named)) != 1:
        raise NotAdmitted("an Add under no decision, or under two")
    if named[0] not in terms.standing:
        raise NotAdmitted("the decision does not stand")  # so Add-while-withdrawing cannot be
    return Digest(named[0])


def _newcomer(credential: Credential, digest: Digest, *, claims: DecisionClaims | None, terms: GroupTerms) -> Newcomer:
    is_agent = credential.kind == KIND_HUMAN and ROLE_AGENT in credential.roles and terms.desk in credential.desks
    is_team = isinstance(claims.admits, TeamAdmission) if claims else is_agent
    return Newcomer(device=DeviceKey(credential.device_key), credential=credential, under=digest, is_team=is_team)
