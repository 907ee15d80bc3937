"""Seeded commits of three rooms, allowed and not: any member, any proposals, any grounds. Their signatures are true."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import msgspec
from tests.support.mls_room import (
    CUSTOMER,
    Room,
    agent_identity,
    decide,
    digest_of_decision,
    forge,
    open_room,
    package_of,
    start_claims,
    start_terms,
)
from tests.vectors.trust_world import DAY, HOUR, NOW, World, key, trust_document

from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.proposals import Add, GroupContextExtensions, Remove
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.claims import DeviceAdmission, TeamAdmission
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from random import Random

    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.mls.proposals import Proposal
    from sotto_wire.claims import CommitNote, DecisionClaims, GroupTerms, Signed

MINUTE: Final = 60_000
WORLDS: Final = (
    World(),
    World().with_trust(trust_document(2, revoked=[{"cred_id": "ana-1", "at": NOW - HOUR, "reason": "lost"}])),
    World().with_trust(trust_document(3, revoked=[{"cred_id": "ben-1", "at": NOW + MINUTE, "reason": "left"}])),
)
NAMES: Final = ("ana", "ben", "cid")


@functools.cache
def rooms() -> tuple[Room, ...]:
    """One just opened, one with an agent, one with an agent and a bot, one within a handoff, one with two devices on call."""
    opened, attended, guests, handing, waiting = (open_room(name=f"fuzz {each}") for each in range(5))
    attended.admit("ana")
    guests.admit("ana")
    guests.later(MINUTE)
    _let_in_bot(guests)
    handing.admit("ana")
    handing.later(MINUTE)
    note = handing.note(relies_on=handing.start_digest, decision=handing.start)
    handing.accept("ana", handing.commit("ana", note, add=[handing.offer("ben")]))
    for name in NAMES[:2]:
        note = waiting.note(relies_on=waiting.start_digest, decision=waiting.start, on_call=1)
        package = waiting.offer(name, roles=["agent", "on_call"])
        waiting.accept(CUSTOMER, waiting.commit(CUSTOMER, note, add=[package]))
    return opened, attended, guests, handing, waiting


def _let_in_bot(room: Room) -> None:
    package = room.offer("bot", kind="bot", roles=["bot"])
    decision = decide(admits=DeviceAdmission(credential="bot-1", leaf_key=key("bot").public), purpose="ai_assistant")
    terms = start_terms(room.start_digest, digest_of_decision(decision))
    note = room.note(decision=decision, relies_on=digest_of_decision(decision))
    room.accept(CUSTOMER, room.commit(CUSTOMER, note, add=[package], terms=terms))


def a_commit(dice: Random) -> tuple[int, bytes, World]:
    """Number of its room, its bytes, and what is to be believed of the organisation."""
    number = dice.randrange(len(rooms()))
    room = rooms()[number]
    by = dice.choice((CUSTOMER, CUSTOMER, *room.members))
    terms = read_terms(room.group.extensions)
    decision = _decision(dice, room)
    while True:
        proposals = _proposals(dice, room, terms=terms, decision=decision)
        note = _note(dice, room, decision=decision)
        try:
            made = forge(room.members[by], note, proposals, entropy=dice.randbytes)
        except (Untrusted, AssertionError):  # not even a forger can make a path over these
            continue
        return number, made, dice.choice(WORLDS)


def _decision(dice: Random, room: Room) -> Signed:
    admits = dice.choice(
        (
            TeamAdmission(desk="orders"),
            TeamAdmission(desk="returns"),
            *(DeviceAdmission(credential=f"{name}-1", leaf_key=key(name).public) for name in NAMES),
        )
    )
    made = decide(
        admits=admits,
        answer=dice.choice(("given", "given", "given", "refused", "withdrawn")),
        conversation=dice.choice((room.group.group_id[:16],) * 6 + (bytes(16),)),
        policy_digest=start_terms(bytes(32)).policy_digest if dice.random() < 0.9 else bytes(32),
        expires_at=NOW + dice.choice((DAY, DAY, MINUTE, -1)),
    )
    stranger = sign_decision(_of_stranger(), key("stranger"))
    return dice.choice((room.start, room.start, room.start, made, made, stranger))


def _of_stranger() -> DecisionClaims:
    return start_claims(customer_key=key("stranger").public)


def _note(dice: Random, room: Room, *, decision: Signed) -> CommitNote:
    return room.note(
        committed_at=room.now + dice.choice((0, 0, 0, 1, -1, MINUTE, 11 * MINUTE, -DAY, 40 * DAY)),
        relies_on=dice.choice((None, room.start_digest, room.start_digest, _digest(decision), bytes(32))),
        decision=dice.choice((None, decision, decision)),
        trust_version=dice.choice((None, None, 1, 2, 3, 9)),
        on_call=int(dice.random() < 0.2),
    )


def _digest(decision: Signed) -> bytes:
    return digest_of(decision.claims)


def _proposals(dice: Random, room: Room, *, terms: GroupTerms, decision: Signed) -> list[Proposal]:
    adds = [Add(_package(dice)) for _ in range(dice.choice((0, 0, 1, 1, 1, 2)))]
    leaves = [leaf for leaf, _ in room.group.roster()]
    removes = [Remove(dice.choice((*leaves, 7))) for _ in range(dice.choice((0, 0, 0, 1, 2)))]
    lists = [_extensions(dice, terms, decision=decision)] if dice.random() < 0.35 else []
    proposals: list[Proposal] = [*lists, *removes, *adds]
    return dice.sample(proposals, k=len(proposals)) if dice.random() < 0.2 else proposals


def _package(dice: Random) -> KeyPackage:
    name = dice.choice(NAMES)
    changes = dice.choice(
        (
            {},
            {},
            {},
            {},
            {"desks": ["returns"]},
            {"kind": "bot"},
            {"roles": ["agent", "on_call"]},
            {"roles": ["supervisor"]},
            {"exp": NOW + 1},
            {"org": "teapot"},
        )
    )
    of = dice.choice((name, name, name, name, CUSTOMER))
    return package_of(of, agent_identity(name, **changes), days=dice.choice((7, 7, 40)), entropy=dice.randbytes).public


def _extensions(dice: Random, terms: GroupTerms, *, decision: Signed) -> GroupContextExtensions:
    standing = dice.choice(
        (
            [*terms.standing, _digest(decision)],
            [*terms.standing, _digest(decision)],
            terms.standing[1:] or terms.standing,
            [*terms.standing[::-1]],
            [_digest(decision)],
            terms.standing * 2,
        )
    )
    changes = dice.choice(
        ({}, {}, {}, {}, {"desk": "returns"}, {"customer_key": bytes(32)}, {"recovery_key": bytes(32)})
    )
    changed = msgspec.structs.replace(terms, standing=standing, **changes)
    return GroupContextExtensions(group_extensions(encode_claims(changed)))
