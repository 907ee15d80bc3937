"""Bundles for the client rules 1-8, after the list of cases that python-tuf tests its top-level update with."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from tests.vectors.trust_world import (
    DAY,
    HOUR,
    NOW,
    World,
    credential,
    digest,
    document_bytes,
    key,
    keys,
    role,
    root_document,
    sign,
    statement_entry,
    trust_document,
)

from sotto_keys.shared.dsse import CREDENTIAL_TYPE, ROOT_TYPE, TRUST_TYPE, key_id, parse_envelope, seal_envelope
from sotto_keys.shared.text_forms import fingerprint, to_base64url
from sotto_keys.shared.trust_chain import TrustMemory, judge_bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.vectors.trust_world import Document

    from sotto_keys.shared.strict_json import Json
    from sotto_wire.ids import Digest


def memory_of(world: World, pinned: Digest | None = None) -> TrustMemory:
    """What a client remembers that has seen this world."""
    return judge_bundle(pinned or world.pinned, world.bundle(), memory=None).memory


def _memory_json(memory: TrustMemory | None) -> Json:
    if memory is None:
        return None
    return {
        "pinned": memory.pinned.hex(),
        "root_version": memory.root_version,
        "root_digest": memory.root_digest.hex(),
        "trust_version": memory.trust_version,
        "trust_digest": memory.trust_digest.hex(),
        "last_signed_ms": memory.last_signed_ms,
    }


def _case(
    name: str,
    world: World,
    expect: str,
    *,
    roots: Sequence[bytes] | None = None,
    pinned: Digest | None = None,
    memory: TrustMemory | None = None,
    now: int = NOW,
) -> Json:
    bundle = world.bundle(roots)
    wanted: Json = {"refused": expect}
    if expect in {"fresh", "grace", "expired"}:
        newest = json.loads(parse_envelope(bundle.roots[-1]).payload)
        trust = json.loads(parse_envelope(bundle.trust).payload)
        state = judge_bundle(pinned or world.pinned, bundle, memory=memory)
        wanted = {
            "state": expect,
            "root_version": newest["version"],
            "trust_version": trust["version"],
            "clock_is_behind": now < state.memory.last_signed_ms,
            "memory": _memory_json(state.memory),
        }
    return {
        "name": name,
        "pinned": fingerprint(pinned or world.pinned),
        "bundle": {"roots": [to_base64url(each) for each in bundle.roots], "trust": to_base64url(bundle.trust)},
        "memory": _memory_json(memory),
        "now": now,
        "expect": wanted,
    }


def chain_cases() -> list[Json]:
    return [
        *_plain(),
        *_roots(),
        *_thresholds(),
        *_root_documents(),
        *_trust_documents(),
        *_time(),
        *_memory(),
        *_issuing(),
        *_hops(),
    ]


def _root2(world: World | None = None, signers: str = "root-a root-b", **changes: Json) -> World:
    """Root 2 hands over from key root-a to root-b."""
    world = world or World()
    document = root_document(2, root="root-b", prev=world.last)
    return world.with_root(document | changes, signers)


def _plain() -> list[Json]:
    world = World()
    two = _root2()
    three = two.with_root(root_document(3, root="root-c", prev=two.last), "root-b root-c")
    return [
        _case("one root and one trust", world, "fresh"),
        _case("two roots", two, "fresh"),
        _case("three roots", three, "fresh"),
        _case("three roots, the second pinned", three, "fresh", pinned=digest(three.roots[1])),
        _case("three roots, the third pinned", three, "fresh", pinned=digest(three.roots[2])),
        _case(
            "the second root pinned and earlier ones not served",
            three,
            "fresh",
            roots=three.roots[1:],
            pinned=digest(three.roots[1]),
        ),
    ]


def _roots() -> list[Json]:
    world, two = World(), _root2()
    three = two.with_root(root_document(3, root="root-c", prev=two.last), "root-b root-c")
    return [
        _case("the pinned root is not served", world, "forked", pinned=digest(two.last)),
        _case(
            "a root of the same keys that is not the pinned one",
            world.with_root(root_document(1, name="Other"), "root-a"),
            "forked",
            roots=[sign(ROOT_TYPE, root_document(1, name="Other"), "root-a")],
        ),
        _case("a version left out", three, "bad_signature", roots=[three.roots[0], three.roots[2]]),
        _case(
            "version two more, signed by both",
            world.with_root(root_document(3, root="root-b", prev=world.last), "root-a root-b"),
            "forked",
        ),
        _case("the same version again", world.with_root(root_document(1, name="Again"), "root-a"), "forked"),
        _case("the same root twice", world, "forked", roots=[world.last, world.last]),
        _case(
            "roots in descending order",
            two,
            "bad_signature",
            roots=[two.roots[1], two.roots[0]],
            pinned=digest(two.last),
        ),
        _case("another predecessor named", _root2(prev_sha256="0" * 64), "forked"),
        _case("no predecessor named", _root2(prev_sha256=""), "malformed"),
        _case("another organisation", _root2(org="teapot"), "inconsistent"),
        _case(
            "a root signed as a trust document",
            World((*world.roots, sign(TRUST_TYPE, root_document(2, prev=world.last), "root-a")), world.trust),
            "bad_signature",
        ),
    ]


def _thresholds() -> list[Json]:
    world = World()
    doubled = _doubled_signature(root_document(2, root="root-a root-b", threshold=2, prev=world.last), "root-a")
    of_three = World(
        (sign(ROOT_TYPE, root_document(root="root-a root-b root-c", threshold=2), "root-a root-c"),), world.trust
    )
    next_of_three = root_document(2, root="root-d root-e", threshold=2, prev=of_three.last)
    return [
        _case("root 2 signed by the old key only", _root2(signers="root-a"), "bad_signature"),
        _case("root 2 signed by the new key only", _root2(signers="root-b"), "bad_signature"),
        _case("root 2 signed by a stranger too", _root2(signers="root-a root-b stranger"), "fresh"),
        _case("root 2 signed by a stranger only", _root2(signers="stranger"), "bad_signature"),
        _case("one key counted twice", World((*world.roots, doubled), world.trust), "bad_signature"),
        _case("two of three", of_three, "fresh"),
        _case(
            "one of three where two are needed",
            World((sign(ROOT_TYPE, root_document(root="root-a root-b root-c", threshold=2), "root-a"),), world.trust),
            "bad_signature",
        ),
        _case(
            "two of three hand over to two of two",
            of_three.with_root(next_of_three, "root-a root-b root-d root-e"),
            "fresh",
        ),
        _case(
            "two of three hand over and one new key is missing",
            of_three.with_root(next_of_three, "root-a root-b root-d"),
            "bad_signature",
        ),
        _case(
            "two of three hand over and one old key is missing",
            of_three.with_root(next_of_three, "root-a root-d root-e"),
            "bad_signature",
        ),
        _case(
            "a pinned root without its own signature",
            World((sign(ROOT_TYPE, root_document(), "stranger"),), world.trust),
            "bad_signature",
        ),
        _case("a root signed by an issuing key", _root2(signers="issuing-a"), "bad_signature"),
        _case("the key ids of the envelope are wrong", _other_hints(world), "fresh"),
        _case("a changed byte in a signature", _flipped(world), "bad_signature"),
    ]


def _doubled_signature(document: Document, signers: str) -> bytes:
    envelope = parse_envelope(sign(ROOT_TYPE, document, signers))
    return type(envelope)(envelope.payload_type, envelope.payload, envelope.signatures * 2).to_bytes()


def _other_hints(world: World) -> World:
    envelope = parse_envelope(world.trust)
    signatures = tuple(("somebody", signature) for _, signature in envelope.signatures)
    return World(world.roots, type(envelope)(envelope.payload_type, envelope.payload, signatures).to_bytes())


def _flipped(world: World) -> World:
    envelope = parse_envelope(world.trust)
    signatures = tuple((hint, bytes([sig[0] ^ 1, *sig[1:]])) for hint, sig in envelope.signatures)
    return World(world.roots, type(envelope)(envelope.payload_type, envelope.payload, signatures).to_bytes())


def _pinned_as(document: Json | bytes) -> World:
    return World((sign(ROOT_TYPE, document, "root-a"),), World().trust)


def _root_documents() -> list[Json]:
    base = root_document()
    by_root, by_issuing = role("root-a"), role("issuing-a")
    ids = [key_id(each.public) for each in keys("root-a issuing-a")]
    twice_named: Document = {"keyids": [*ids[:1], *ids[:1]], "threshold": 2}
    swapped: Document = dict(zip(ids, [to_base64url(each.public) for each in keys("issuing-a root-a")], strict=True))
    twice = document_bytes(base)[:-1] + b',"version":1}'
    without_name = {name: value for name, value in base.items() if name != "name"}
    bad: list[tuple[str, Json | bytes]] = [
        ("a field that is not known", base | {"extra": 1}),
        ("a field missing", without_name),
        ("a key twice in the JSON", twice),
        ("version 0", base | {"version": 0}),
        ("version above 2^31", base | {"version": 2**31 + 1, "prev_sha256": "0" * 64}),
        ("version 2^53", base | {"version": 2**53, "prev_sha256": "0" * 64}),
        ("version as a fraction", document_bytes(base).replace(b'"version":1', b'"version":1.0')),
        ("version as an exponent", document_bytes(base).replace(b'"version":1', b'"version":1e0')),
        ("version as text", base | {"version": "1"}),
        ("a predecessor in version 1", base | {"prev_sha256": "0" * 64}),
        ("a key under another's id", base | {"keys": swapped}),
        ("one key for root and issuing", base | {"roles": {"root": by_root, "issuing": by_root}}),
        (
            "a key that no role names",
            root_document(root="root-a root-b") | {"roles": {"root": by_root, "issuing": by_issuing}},
        ),
        (
            "a role that names a key not given",
            base | {"roles": {"root": by_root, "issuing": {"keyids": ["0" * 64], "threshold": 1}}},
        ),
        (
            "a threshold above the number of keys",
            base | {"roles": {"root": by_root | {"threshold": 2}, "issuing": by_issuing}},
        ),
        (
            "a threshold of zero",
            base | {"roles": {"root": by_root, "issuing": by_issuing | {"threshold": 0}}},
        ),
        (
            "a key id twice in a role",
            base | {"roles": {"root": twice_named, "issuing": by_issuing}},
        ),
        ("a name that turns the direction of writing", base | {"name": "Kettle \u202e puC"}),
        ("an empty name", base | {"name": ""}),
        ("an organisation in capitals", base | {"org": "Kettle"}),
        ("an organisation with a line feed after it", base | {"org": "kettle\n"}),
        ("not UTF-8", document_bytes(base).replace(b"Kettle", b"Kett\xff")),
        ("a lone surrogate", document_bytes(base).replace(b"Kettle", b"\\ud800")),
        ("a byte order mark", b"\xef\xbb\xbf" + document_bytes(base)),
        (
            "a public key with padding",
            document_bytes(base).replace(
                to_base64url(key("root-a").public).encode(), to_base64url(key("root-a").public).encode() + b"="
            ),
        ),
        ("not an object", ["root"]),
    ]
    return [_case(f"pinned root: {name}", _pinned_as(document), "malformed") for name, document in bad]


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
        *(_case(f"trust: {name}", world.with_trust(document), "malformed") for name, document in malformed),
        _case("trust: the largest version", world.with_trust(trust_document(2**31)), "fresh"),
        _case("trust: signed by a root key", world.with_trust(base, "root-a"), "bad_signature"),
        _case("trust: signed by a stranger", world.with_trust(base, "stranger"), "bad_signature"),
        _case("trust: no signature that fits, twice", world.with_trust(base, "stranger root-a"), "bad_signature"),
        _case(
            "trust: forged and malformed answers for the forgery",
            world.with_trust(base | {"extra": 1}, "stranger"),
            "bad_signature",
        ),
        _case(
            "trust: signed as a credential",
            World(world.roots, sign(CREDENTIAL_TYPE, base, "issuing-a")),
            "bad_signature",
        ),
        _case("trust: a credential in its place", World(world.roots, credential()), "bad_signature"),
        _case("trust: of another organisation", world.with_trust(base | {"org": "teapot"}), "inconsistent"),
        _case("trust: names a later root than is served", world.with_trust(base | {"root_version": 2}), "inconsistent"),
        _case("trust: names an earlier root", _root2(), "fresh"),
        _case("trust: not an envelope", World(world.roots, b"{}"), "malformed"),
        _case("trust: an envelope without signatures", World(world.roots, _unsigned(base)), "malformed"),
        _case("trust: payload in base64url", World(world.roots, _base64url_payload(base)), "malformed"),
        _case(
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
    old_root = _root2(World((sign(ROOT_TYPE, root_document(expires=NOW - DAY), "root-a"),), world.trust))
    seen_later = memory_of(world.with_trust(trust_document(issued=NOW + 3 * DAY)))
    return [
        _case("time: the last millisecond", world, "fresh", now=expires - 1),
        _case("time: expired this millisecond", world, "grace", now=expires),
        _case("time: the last millisecond of grace", world, "grace", now=expires + HOUR - 1),
        _case("time: grace is over", world, "expired", now=expires + HOUR),
        _case("time: 400 days later", world, "expired", now=NOW + 400 * DAY),
        _case("time: the root expires first", long_trust, "grace", now=root_expires),
        _case("time: the root expired an hour ago", long_trust, "expired", now=root_expires + HOUR),
        _case("time: only the last root's expiry counts", old_root, "fresh"),
        _case("time: the clock stands before the signed time", world, "fresh", now=NOW - 2 * DAY),
        _case(
            "time: a clock set back does not bring an expired trust to life",
            world.with_trust(trust_document(2, issued=NOW - DAY, expires=NOW + 2 * DAY)),
            "expired",
            now=NOW - DAY,
            memory=memory_of(world.with_trust(trust_document(1, issued=NOW + 3 * DAY))),
        ),
        _case(
            "time: a signed time in the future is believed",
            world.with_trust(trust_document(2, issued=NOW + 2 * DAY)),
            "fresh",
            memory=seen_later,
        ),
    ]


def _memory() -> list[Json]:
    world = World()
    five, six = world.with_trust(trust_document(5)), world.with_trust(trust_document(6))
    two = _root2()
    other_two = world.with_root(root_document(2, root="root-x", prev=world.last), "root-a root-x")
    resigned = World(world.roots, _resigned(five.trust))
    return [
        _case("memory: the same again", five, "fresh", memory=memory_of(five)),
        _case("memory: a newer trust", six, "fresh", memory=memory_of(five)),
        _case("memory: an older trust", five, "replayed", memory=memory_of(six)),
        _case(
            "memory: the same version, other bytes",
            world.with_trust(trust_document(5, log_origin="elsewhere")),
            "forked",
            memory=memory_of(five),
        ),
        _case("memory: the same version with one more signature", resigned, "fresh", memory=memory_of(five)),
        _case("memory: a newer root", two, "fresh", memory=memory_of(world)),
        _case("memory: an older root", world, "replayed", memory=memory_of(two)),
        _case("memory: another root of a version seen", other_two, "forked", memory=memory_of(two)),
        _case(
            "memory: of another pinned root says nothing",
            five,
            "fresh",
            memory=memory_of(_pinned_as(root_document(name="Elsewhere")).with_trust(trust_document(9))),
        ),
        _case(
            "memory: a pin moved to root 2 starts anew",
            two.with_trust(trust_document(5)),
            "fresh",
            pinned=digest(two.last),
            memory=memory_of(two.with_trust(trust_document(6))),
        ),
        _case("memory: empty", five, "fresh"),
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
        _case("issuing: a removed key's trust counts no more", rotated, "bad_signature"),
        _case(
            "issuing: after a version fast-forward the key is replaced",
            rotated.with_trust(trust_document(3, root_version=2), "issuing-b"),
            "fresh",
            memory=memory_of(leaked),
        ),
        _case(
            "issuing: after a date far ahead the key is replaced",
            rotated.with_trust(trust_document(3, root_version=2), "issuing-b"),
            "fresh",
            memory=memory_of(far),
        ),
        _case(
            "issuing: a date far ahead without a replaced key stays expired",
            world.with_trust(trust_document(3)),
            "expired",
            memory=memory_of(far),
        ),
        _case(
            "issuing: an added key does not forget the floor",
            widened.with_trust(trust_document(3), "issuing-b"),
            "replayed",
            memory=memory_of(leaked),
        ),
        _case(
            "issuing: added in root 2, removed in root 3",
            thrice.with_trust(trust_document(3, root_version=3), "issuing-b"),
            "fresh",
            memory=memory_of(leaked),
        ),
        _case(
            "issuing: a removal already remembered resets nothing again",
            rotated.with_trust(trust_document(3, root_version=2), "issuing-b"),
            "replayed",
            memory=memory_of(rotated.with_trust(trust_document(4, root_version=2), "issuing-b")),
        ),
        _case(
            "issuing: a new key may sign",
            widened.with_trust(trust_document(7, root_version=2), "issuing-b"),
            "fresh",
            memory=memory_of(world),
        ),
    ]


def _hops() -> list[Json]:
    world = World()
    for version in range(2, 67):
        world = world.with_root(root_document(version, prev=world.last), "root-a")
    return [
        _case("64 hops", world, "fresh", roots=world.roots[:65]),
        _case("65 hops", world, "forked"),
    ]
