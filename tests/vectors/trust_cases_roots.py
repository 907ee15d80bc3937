"""Chains of roots, true and forged: client rules 1 and 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.vectors.trust_case import case, pinned_as, root2
from tests.vectors.trust_world import (
    World,
    digest,
    document_bytes,
    key,
    keys,
    role,
    root_document,
    sign,
)

from sotto_keys.shared.dsse import ROOT_TYPE, TRUST_TYPE, key_id, parse_envelope
from sotto_keys.shared.text_forms import to_base64url

if TYPE_CHECKING:
    from tests.vectors.trust_world import Document

    from sotto_keys.shared.strict_json import Json


def plain_cases() -> list[Json]:
    world = World()
    two = root2()
    three = two.with_root(root_document(3, root="root-c", prev=two.last), "root-b root-c")
    return [
        case("one root and one trust", world, "fresh"),
        case("two roots", two, "fresh"),
        case("three roots", three, "fresh"),
        case("three roots, the second pinned", three, "fresh", pinned=digest(three.roots[1])),
        case("three roots, the third pinned", three, "fresh", pinned=digest(three.roots[2])),
        case(
            "the second root pinned and earlier ones not served",
            three,
            "fresh",
            roots=three.roots[1:],
            pinned=digest(three.roots[1]),
        ),
    ]


def root_cases() -> list[Json]:
    world, two = World(), root2()
    three = two.with_root(root_document(3, root="root-c", prev=two.last), "root-b root-c")
    return [
        case("the pinned root is not served", world, "forked", pinned=digest(two.last)),
        case(
            "a root of the same keys that is not the pinned one",
            world.with_root(root_document(1, name="Other"), "root-a"),
            "forked",
            roots=[sign(ROOT_TYPE, root_document(1, name="Other"), "root-a")],
        ),
        case("a version left out", three, "bad_signature", roots=[three.roots[0], three.roots[2]]),
        case(
            "version two more, signed by both",
            world.with_root(root_document(3, root="root-b", prev=world.last), "root-a root-b"),
            "forked",
        ),
        case("the same version again", world.with_root(root_document(1, name="Again"), "root-a"), "forked"),
        case("the same root twice", world, "forked", roots=[world.last, world.last]),
        case(
            "roots in descending order",
            two,
            "bad_signature",
            roots=[two.roots[1], two.roots[0]],
            pinned=digest(two.last),
        ),
        case("another predecessor named", root2(prev_sha256="0" * 64), "forked"),
        case("no predecessor named", root2(prev_sha256=""), "malformed"),
        case("another organisation", root2(org="teapot"), "inconsistent"),
        case(
            "a root signed as a trust document",
            World((*world.roots, sign(TRUST_TYPE, root_document(2, prev=world.last), "root-a")), world.trust),
            "bad_signature",
        ),
    ]


def threshold_cases() -> list[Json]:
    world = World()
    doubled = _doubled_signature(root_document(2, root="root-a root-b", threshold=2, prev=world.last), "root-a")
    of_three = World(
        (sign(ROOT_TYPE, root_document(root="root-a root-b root-c", threshold=2), "root-a root-c"),), world.trust
    )
    next_of_three = root_document(2, root="root-d root-e", threshold=2, prev=of_three.last)
    return [
        case("root 2 signed by the old key only", root2(signers="root-a"), "bad_signature"),
        case("root 2 signed by the new key only", root2(signers="root-b"), "bad_signature"),
        case("root 2 signed by a stranger too", root2(signers="root-a root-b stranger"), "fresh"),
        case("root 2 signed by a stranger only", root2(signers="stranger"), "bad_signature"),
        case("one key counted twice", World((*world.roots, doubled), world.trust), "bad_signature"),
        case("two of three", of_three, "fresh"),
        case(
            "one of three where two are needed",
            World((sign(ROOT_TYPE, root_document(root="root-a root-b root-c", threshold=2), "root-a"),), world.trust),
            "bad_signature",
        ),
        case(
            "two of three hand over to two of two",
            of_three.with_root(next_of_three, "root-a root-b root-d root-e"),
            "fresh",
        ),
        case(
            "two of three hand over and one new key is missing",
            of_three.with_root(next_of_three, "root-a root-b root-d"),
            "bad_signature",
        ),
        case(
            "two of three hand over and one old key is missing",
            of_three.with_root(next_of_three, "root-a root-d root-e"),
            "bad_signature",
        ),
        case(
            "a pinned root without its own signature",
            World((sign(ROOT_TYPE, root_document(), "stranger"),), world.trust),
            "bad_signature",
        ),
        case("a root signed by an issuing key", root2(signers="issuing-a"), "bad_signature"),
        case("the key ids of the envelope are wrong", _other_hints(world), "fresh"),
        case("a changed byte in a signature", _flipped(world), "bad_signature"),
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


def root_document_cases() -> list[Json]:
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
    return [case(f"pinned root: {name}", pinned_as(document), "malformed") for name, document in bad]


def hop_cases() -> list[Json]:
    world = World()
    for version in range(2, 67):
        world = world.with_root(root_document(version, prev=world.last), "root-a")
    return [
        case("64 hops", world, "fresh", roots=world.roots[:65]),
        case("65 hops", world, "forked"),
    ]
