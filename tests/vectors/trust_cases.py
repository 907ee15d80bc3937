"""Bundles for the client rules 1-8, after the list of cases that python-tuf tests its top-level update with."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tests.vectors.trust_case import case, memory_of, pinned_as, root2
from tests.vectors.trust_cases_roots import hop_cases, plain_cases, root_cases, root_document_cases, threshold_cases
from tests.vectors.trust_world import (
    DAY,
    HOUR,
    NOW,
    World,
    credential,
    digest,
    document_bytes,
    key,
    root_document,
    sign,
    statement_entry,
    trust_document,
)

from sotto_keys.shared.dsse import CREDENTIAL_TYPE, ROOT_TYPE, TRUST_TYPE, parse_envelope, seal_envelope

if TYPE_CHECKING:
    from tests.vectors.trust_world import Document

    from sotto_keys.shared.strict_json import Json


def chain_cases() -> list[Json]:
    return [
        *plain_cases(),
        *root_cases(),
        *threshold_cases(),
        *root_document_cases(),
        *_trust_documents(),
        *_time(),
        *_memory(),
        *_issuing(),
        *hop_cases(),
    ]


def _trust_documents() -> list[Json]:
    world, base = World(), trust_document()
    statement = statement_entry()
    malformed: list[tuple[str, Document | bytes]] = [
        ("a field that is not known", base | {"extra": 1}),
        ("a key twice in the JSON", document_bytes(base)[:-1] + b',"version":1}'),
        ("version 2^31 + 1", base | {"version": 2**31 + 1}),
        ("version 2^53", base | {"version": 2**53}),
        ("issued after its expiry", base | {"issued": NOW + 30 * DAY}),
        ("a site key, of which none exist yet", base | {"site_keys": [{}]}),
        ("a statement key under another's id", base | {"statement_keys": [statement | {"keyid": "0" * 64}]}),
        ("a policy digest in capitals", base | {"policies": [{"digest": "A" * 64, "nbf": 0, "exp": 1}]}),
        ("NaN", document_bytes(base).replace(b'"version":1', b'"version":NaN')),
        ("17 deep", document_bytes(base).replace(b'"revoked":[]', b'"revoked":' + b"[" * 16 + b"]" * 16)),
    ]
    return [
        *(case(f"trust: {name}", world.with_trust(document), "malformed") for name, document in malformed),
        case("trust: the largest version", world.with_trust(trust_document(2**31)), "fresh"),
        case("trust: signed by a root key", world.with_trust(base, "root-a"), "bad_signature"),
        case("trust: signed by a stranger", world.with_trust(base, "stranger"), "bad_signature"),
        case("trust: no signature that fits, twice", world.with_trust(base, "stranger root-a"), "bad_signature"),
        case(
            "trust: forged and malformed answers for the forgery",
            world.with_trust(base | {"extra": 1}, "stranger"),
            "bad_signature",
        ),
        case(
            "trust: signed as a credential",
            World(world.roots, sign(CREDENTIAL_TYPE, base, "issuing-a")),
            "bad_signature",
        ),
        case("trust: a credential in its place", World(world.roots, credential()), "bad_signature"),
        case("trust: of another organisation", world.with_trust(base | {"org": "teapot"}), "inconsistent"),
        case("trust: names a later root than is served", world.with_trust(base | {"root_version": 2}), "inconsistent"),
        case("trust: names an earlier root", root2(), "fresh"),
        case("trust: not an envelope", World(world.roots, b"{}"), "malformed"),
        case("trust: an envelope without signatures", World(world.roots, _unsigned(base)), "malformed"),
        case("trust: payload in base64url", World(world.roots, _base64url_payload(base)), "malformed"),
        case(
            "trust: an envelope field twice", World(world.roots, world.trust[:-1] + b',"payloadType":"x"}'), "malformed"
        ),
    ]


def _unsigned(document: Document) -> bytes:
    return seal_envelope(TRUST_TYPE, document_bytes(document), signers=[]).to_bytes()


def _base64url_payload(document: Document) -> bytes:
    payload = document_bytes(document | {"log_origin": "???>>>"})
    envelope = seal_envelope(TRUST_TYPE, payload, signers=[key("issuing-a")])
    standard, urlsafe = base64.b64encode(payload), base64.urlsafe_b64encode(payload)
    assert standard != urlsafe
    return envelope.to_bytes().replace(standard, urlsafe)


def _time() -> list[Json]:
    world = World()
    expires = NOW + 29 * DAY
    root_expires = NOW + 180 * DAY
    long_trust = world.with_trust(trust_document(expires=NOW + 400 * DAY))
    old_root = root2(World((sign(ROOT_TYPE, root_document(expires=NOW - DAY), "root-a"),), world.trust))
    seen_later = memory_of(world.with_trust(trust_document(issued=NOW + 3 * DAY)))
    return [
        case("time: the last millisecond", world, "fresh", now=expires - 1),
        case("time: expired this millisecond", world, "grace", now=expires),
        case("time: the last millisecond of grace", world, "grace", now=expires + HOUR - 1),
        case("time: grace is over", world, "expired", now=expires + HOUR),
        case("time: 400 days later", world, "expired", now=NOW + 400 * DAY),
        case("time: the root expires first", long_trust, "grace", now=root_expires),
        case("time: the root expired an hour ago", long_trust, "expired", now=root_expires + HOUR),
        case("time: only the last root's expiry counts", old_root, "fresh"),
        case("time: the clock stands before the signed time", world, "fresh", now=NOW - 2 * DAY),
        case(
            "time: a clock set back does not bring an expired trust to life",
            world.with_trust(trust_document(2, issued=NOW - DAY, expires=NOW + 2 * DAY)),
            "expired",
            now=NOW - DAY,
            memory=memory_of(world.with_trust(trust_document(1, issued=NOW + 3 * DAY))),
        ),
        case(
            "time: a signed time in the future is believed",
            world.with_trust(trust_document(2, issued=NOW + 2 * DAY)),
            "fresh",
            memory=seen_later,
        ),
    ]


def _memory() -> list[Json]:
    world = World()
    five, six = world.with_trust(trust_document(5)), world.with_trust(trust_document(6))
    two = root2()
    other_two = world.with_root(root_document(2, root="root-x", prev=world.last), "root-a root-x")
    resigned = World(world.roots, _resigned(five.trust))
    return [
        case("memory: the same again", five, "fresh", memory=memory_of(five)),
        case("memory: a newer trust", six, "fresh", memory=memory_of(five)),
        case("memory: an older trust", five, "replayed", memory=memory_of(six)),
        case(
            "memory: the same version, other bytes",
            world.with_trust(trust_document(5, log_origin="elsewhere")),
            "forked",
            memory=memory_of(five),
        ),
        case("memory: the same version with one more signature", resigned, "fresh", memory=memory_of(five)),
        case("memory: a newer root", two, "fresh", memory=memory_of(world)),
        case("memory: an older root", world, "replayed", memory=memory_of(two)),
        case("memory: another root of a version seen", other_two, "forked", memory=memory_of(two)),
        case(
            "memory: of another pinned root says nothing",
            five,
            "fresh",
            memory=memory_of(pinned_as(root_document(name="Elsewhere")).with_trust(trust_document(9))),
        ),
        case(
            "memory: a pin moved to root 2 starts anew",
            two.with_trust(trust_document(5)),
            "fresh",
            pinned=digest(two.last),
            memory=memory_of(two.with_trust(trust_document(6))),
        ),
        case("memory: empty", five, "fresh"),
    ]


def _resigned(envelope: bytes) -> bytes:
    """The same payload with a stranger's signature beside the true one."""
    opened = parse_envelope(envelope)
    more = seal_envelope(opened.payload_type, opened.payload, signers=[key("stranger")])
    return type(opened)(opened.payload_type, opened.payload, (*opened.signatures, *more.signatures)).to_bytes()


def _issuing() -> list[Json]:
    world = World()
    leaked = world.with_trust(trust_document(2**31))
    far = world.with_trust(trust_document(2, issued=NOW + 9000 * DAY, expires=NOW + 9001 * DAY))
    replaced = root_document(2, issuing="issuing-b", prev=world.last)
    added = root_document(2, issuing="issuing-a issuing-b", prev=world.last)
    rotated, widened = world.with_root(replaced, "root-a"), world.with_root(added, "root-a")
    thrice = widened.with_root(root_document(3, issuing="issuing-b", prev=widened.last), "root-a")
    return [
        case("issuing: a removed key's trust counts no more", rotated, "bad_signature"),
        case(
            "issuing: after a version fast-forward the key is replaced",
            rotated.with_trust(trust_document(3, root_version=2), "issuing-b"),
            "fresh",
            memory=memory_of(leaked),
        ),
        case(
            "issuing: after a date far ahead the key is replaced",
            rotated.with_trust(trust_document(3, root_version=2), "issuing-b"),
            "fresh",
            memory=memory_of(far),
        ),
        case(
            "issuing: a date far ahead without a replaced key stays expired",
            world.with_trust(trust_document(3)),
            "expired",
            memory=memory_of(far),
        ),
        case(
            "issuing: an added key does not forget the floor",
            widened.with_trust(trust_document(3), "issuing-b"),
            "replayed",
            memory=memory_of(leaked),
        ),
        case(
            "issuing: added in root 2, removed in root 3",
            thrice.with_trust(trust_document(3, root_version=3), "issuing-b"),
            "fresh",
            memory=memory_of(leaked),
        ),
        case(
            "issuing: a removal already remembered resets nothing again",
            rotated.with_trust(trust_document(3, root_version=2), "issuing-b"),
            "replayed",
            memory=memory_of(rotated.with_trust(trust_document(4, root_version=2), "issuing-b")),
        ),
        case(
            "issuing: a new key may sign",
            widened.with_trust(trust_document(7, root_version=2), "issuing-b"),
            "fresh",
            memory=memory_of(world),
        ),
    ]
