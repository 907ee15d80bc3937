"""Seeded questions for the verifiers of both languages: true documents with something changed, signed again so that it is seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec
from tests.support.mls_room import CONVERSATION, CUSTOMER, decide, start_claims, start_terms
from tests.support.mutations import NUMBERS, TEXTS, any_value, as_text, changed_value, mutated
from tests.support.verdict_commits import a_commit, rooms
from tests.support.verdicts import Case
from tests.vectors.trust_case import memory_of, root2
from tests.vectors.trust_world import (
    DAY,
    HOUR,
    NOW,
    World,
    credential_document,
    document_bytes,
    key,
    root_document,
    sign,
    trust_document,
)

from sotto_keys.shared.dsse import (
    CREDENTIAL_TYPE,
    DECISION_TYPE,
    HELLO_TYPE,
    RECEIPT_TYPE,
    ROOT_TYPE,
    TRUST_TYPE,
    sign_compact,
)
from sotto_keys.shared.text_forms import to_base64url
from sotto_wire.claims import HelloClaims
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tests.vectors.trust_world import Document

    from sotto_keys.shared.strict_json import Json

TIMES: Final = (
    0,
    NOW - 2 * DAY,
    NOW - DAY,
    NOW - 1,
    NOW,
    NOW + 1,
    NOW + HOUR,
    NOW + 29 * DAY,
    NOW + 181 * DAY,
    2**53 - 1,
)
SIGNERS: Final = ("issuing-a", "root-a", "stranger", "root-b", "issuing-a issuing-a", "issuing-b", "issuing-a stranger")
TYPES: Final = (ROOT_TYPE, TRUST_TYPE, CREDENTIAL_TYPE, RECEIPT_TYPE)
WORLDS: Final = (
    World(),
    root2(),
    World().with_trust(trust_document(2, revoked=[{"cred_id": "ana-1", "at": NOW - HOUR, "reason": "lost"}])),
    World().with_trust(trust_document(3, revoke_before={"ana": NOW}, root_version=1)),
)
MEMORIES: Final = (None, None, *(memory_of(each).to_bytes() for each in WORLDS))


def signed_somehow(kind: str, document: Document, dice: Random, *, by: str) -> bytes:
    """The document with something changed in value, text, signers, type or envelope; now and then nothing."""
    value: Json = changed_value(document, dice) if dice.random() < 0.75 else document
    payload = as_text(value, dice) if dice.random() < 0.8 else mutated(document_bytes(document), dice)
    signers = by if dice.random() < 0.88 else dice.choice(SIGNERS)
    envelope = sign(kind if dice.random() < 0.96 else dice.choice(TYPES), payload, signers)
    return _around(envelope, dice) if dice.random() < 0.2 else envelope


def _around(envelope: bytes, dice: Random) -> bytes:
    if dice.random() < 0.5:
        return mutated(envelope, dice)
    return as_text(changed_value(json.loads(envelope), dice), dice)


def _json(dice: Random) -> Case:
    document: Json = dice.choice((root_document(), trust_document(), credential_document(), {"a": any_value(dice)}))
    text = as_text(changed_value(document, dice), dice)
    return Case("json", mutated(text, dice) if dice.random() < 0.6 else text)


def _envelope(dice: Random) -> Case:
    return Case("envelope", _around(dice.choice(WORLDS).trust, dice))


def _bundle(dice: Random) -> Case:
    world, begun = dice.choice(WORLDS), World()
    roots, trust = list(world.roots), world.trust
    what = dice.random()
    if what < 0.35:
        trust = signed_somehow(TRUST_TYPE, trust_document(dice.choice((1, 2, 3))), dice, by="issuing-a")
    elif what < 0.55:
        roots[-1] = signed_somehow(
            ROOT_TYPE, root_document(len(roots), prev=roots[-2] if len(roots) > 1 else None), dice, by="root-a"
        )
    elif what < 0.75:
        root, issuing = dice.choice(("root-a", "root-b")), dice.choice(("issuing-a", "issuing-b"))
        following = root_document(2, prev=begun.last, root=root, issuing=issuing)
        signers = dice.choice(("root-a", "root-b", "root-a root-b"))
        roots = [*begun.roots, signed_somehow(ROOT_TYPE, following, dice, by=signers)]
    elif what < 0.85:
        roots = dice.choice((roots[::-1], roots * 2, roots[1:], [*roots, trust], roots * 40))
    octets = document_bytes({"roots": [to_base64url(each) for each in roots], "trust": to_base64url(trust)})
    if dice.random() < 0.15:
        octets = _around(octets, dice)
    pinned = dice.choice((begun.pinned, begun.pinned, world.pinned, bytes(32)))
    return Case("bundle", octets, pinned=pinned, memory=dice.choice(MEMORIES), at=dice.choice(TIMES))


def _credential(dice: Random) -> Case:
    world = dice.choice(WORLDS)
    asked = {
        "leaf_key": dice.choice((key("device-ana").public.hex(), key("device-ben").public.hex())),
        "desk": dice.choice(("orders", "returns")),
        "role": dice.choice(("agent", "supervisor")),
        "kind": dice.choice(("human", "bot")),
    }
    chosen = {name: text for name, text in asked.items() if dice.random() < 0.25}
    octets = signed_somehow(CREDENTIAL_TYPE, credential_document(), dice, by="issuing-a")
    bundle = world.bundle().to_bytes()
    return Case("credential", octets, pinned=world.pinned, bundle=bundle, at=dice.choice(TIMES), asked=chosen)


def _claims(dice: Random, claims: msgspec.Struct) -> bytes:
    """Claims with a field of another kind or length, in another spelling, or with bytes changed."""
    fields: list[object] = msgspec.msgpack.decode(encode_claims(claims))
    what = dice.random()
    if what < 0.1:
        return encode_claims(claims)
    if what < 0.5:
        return mutated(encode_claims(claims), dice)
    if what < 0.6:
        return msgspec.msgpack.encode(
            dice.choice((fields[:-1], [*fields, None], fields[::-1], {"a": fields}, tuple(fields)))
        )
    at = dice.randrange(len(fields))
    fields[at] = _other(fields[at], dice)
    return msgspec.msgpack.encode(fields)


def _other(value: object, dice: Random) -> object:
    if isinstance(value, bytes) and dice.random() < 0.6:
        return dice.choice((value[:-1], value + b"\0", bytes(len(value)), mutated(value, dice), value.hex()))
    if isinstance(value, list) and value and dice.random() < 0.7:
        inner = list(value)
        at = dice.randrange(len(inner))
        inner[at] = _other(inner[at], dice)
        return dice.choice((inner, inner, value[:-1], [*value, value[0]], value * 17))
    if isinstance(value, int) and dice.random() < 0.6:
        return dice.choice((value + 1, float(value), -1, *(each for each in NUMBERS if each < 2**63), str(value)))
    return dice.choice((None, True, 0, 1, -1, 1.0, 2**53, 2**63, b"", b"x" * 32, [], {}, *TEXTS))


def _decision(dice: Random) -> Case:
    start = start_claims(decided_at=dice.choice(TIMES), expires_at=dice.choice(TIMES))
    payload = _claims(dice, start)
    signer = CUSTOMER if dice.random() < 0.9 else "stranger"
    kind = DECISION_TYPE if dice.random() < 0.95 else HELLO_TYPE
    # `Signed` holds at most 4096 bytes of claims and at least one.
    signed = sign_compact(kind, payload[:4096] or b"\0", signer=key(signer))
    octets = encode_claims(signed) if dice.random() < 0.85 else _claims(dice, signed)
    return Case(
        "decision",
        octets,
        customer=key(CUSTOMER).public,
        conversation=dice.choice((CONVERSATION, bytes(16))),
        terms=encode_claims(start_terms(bytes(32), desk=dice.choice(("orders", "orders", "returns")))),
        credential=document_bytes(credential_document(desks=[dice.choice(("orders", "returns"))])),
        at=dice.choice(TIMES),
    )


def _hello(dice: Random) -> Case:
    claims = HelloClaims(
        site="shop",
        origin="https://shop.example",
        connection="c1",
        nonce=bytes(32),
        role=dice.choice(("customer", "agent")),
        device=key(CUSTOMER).public,
        session=dice.choice((None, "token")),
        build="1",
    )
    return Case("hello", _claims(dice, claims))


def _terms(dice: Random) -> Case:
    return Case(
        "terms", _claims(dice, start_terms(*(bytes([each]) * 32 for each in range(dice.choice((1, 2, 16, 17))))))
    )


def _note(dice: Random) -> Case:
    room = rooms()[0]
    note = room.note(relies_on=bytes(32), decision=dice.choice((None, decide())), trust_version=dice.choice((None, 1)))
    return Case("note", _claims(dice, note))


def _key_package(dice: Random) -> Case:
    return Case("key package", mutated(dice.choice(_packages()), dice))


def _packages() -> list[bytes]:
    return [package.public.to_message() for room in rooms() for package in room.packages.values()]


def _commit(dice: Random) -> Case:
    number, octets, world = a_commit(dice)
    bundle = world.bundle().to_bytes()
    if dice.random() < 0.4:
        octets = mutated(octets, dice)
    door = "commit" if dice.random() < 0.85 else "commit parsed"
    return Case(door, octets, room=number, pinned=world.pinned, bundle=bundle)


MAKERS: Final[dict[str, Callable[[Random], Case]]] = {
    "json": _json,
    "envelope": _envelope,
    "bundle": _bundle,
    "credential": _credential,
    "decision": _decision,
    "hello": _hello,
    "terms": _terms,
    "note": _note,
    "key package": _key_package,
    "commit": _commit,
}
WEIGHTS: Final = {"commit": 3, "bundle": 2, "credential": 2, "decision": 2}


def cases(dice: Random) -> Iterator[Case]:
    """Without end."""
    names = list(MAKERS)
    weights = [WEIGHTS.get(name, 1) for name in names]
    while True:
        yield MAKERS[dice.choices(names, weights)[0]](dice)
