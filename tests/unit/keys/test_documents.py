"""Tests of dsse.py, text_forms.py, root_chain.py, trust_bundle.py, trust_chain.py and receipt.py beyond the shared vectors."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.trust_world import (
    DAY,
    HOUR,
    NOW,
    ORG,
    POLICY,
    World,
    digest,
    key,
    root_document,
    sign,
    trust_document,
)

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import (
    ROOT_TYPE,
    TRUST_TYPE,
    open_envelope,
    pae,
    parse_envelope,
    seal_envelope,
    sign_compact,
    verify,
    verify_compact,
)
from sotto_keys.shared.receipt import Receipt, open_receipt, sign_receipt
from sotto_keys.shared.root_chain import walk_roots
from sotto_keys.shared.text_forms import (
    check_name,
    digest_of,
    fingerprint,
    from_base64,
    from_base64url,
    from_fingerprint,
    to_base64url,
)
from sotto_keys.shared.trust_bundle import TrustBundle, parse_bundle
from sotto_keys.shared.trust_chain import judge_bundle, parse_memory
from sotto_keys.shared.untrusted import BadSignature, Forked, Lapsed, Malformed, Untrusted
from sotto_wire.claims import Signed
from sotto_wire.ids import Millis


def test_pae_is_what_dsse_prints() -> None:
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, "Test Vectors".
    encoded = pae("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_an_envelope_reads_back() -> None:
    envelope = seal_envelope(TRUST_TYPE, b"{}", signers=[key("a"), key("b")])
    again = parse_envelope(envelope.to_bytes())
    assert again == envelope
    assert open_envelope(again, TRUST_TYPE, keys=[key("a").public, key("b").public], threshold=2) == b"{}"


@pytest.mark.parametrize("threshold", [0, -1, 2])
def test_a_threshold_is_met_or_it_is_a_bad_signature(threshold: int) -> None:
    envelope = seal_envelope(TRUST_TYPE, b"{}", signers=[key("a")])
    with pytest.raises(BadSignature):
        open_envelope(envelope, TRUST_TYPE, keys=[key("a").public], threshold=threshold)


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_what_is_no_signature_counts_for_nothing(signature: bytes) -> None:
    with pytest.raises(BadSignature):
        verify(TRUST_TYPE, b"x", signatures=[signature], keys=[key("a").public, b"short", bytes(32)], threshold=1)


def test_a_key_listed_twice_counts_once() -> None:
    envelope = seal_envelope(TRUST_TYPE, b"{}", signers=[key("a")])
    with pytest.raises(BadSignature):
        open_envelope(envelope, TRUST_TYPE, keys=[key("a").public] * 2, threshold=2)


def test_a_compact_envelope_is_bound_to_its_type_and_key() -> None:
    signed = sign_compact("a", b"x", signer=key("a"))
    assert verify_compact("a", signed, key=key("a").public) == b"x"
    for kind, by in (("b", "a"), ("a", "b")):
        with pytest.raises(BadSignature):
            verify_compact(kind, signed, key=key(by).public)
    with pytest.raises(BadSignature):
        verify_compact("a", Signed(claims=b"y", signature=signed.signature), key=key("a").public)


@given(st.binary(max_size=80))
def test_base64url_has_one_spelling(octets: bytes) -> None:
    assert from_base64url(to_base64url(octets)) == octets


@given(st.text(max_size=30))
def test_text_that_is_no_base64_is_malformed_or_reads_back(text: str) -> None:
    for read in (from_base64url, from_base64, from_fingerprint):
        try:
            read(text)
        except Malformed:
            continue


def test_a_base64_value_of_another_length_is_malformed() -> None:
    with pytest.raises(Malformed):
        from_base64url("AAAA", length=4)


@pytest.mark.parametrize("text", ["AB", "AB==", "A===", "AAA", "AA==\n", "é"])
def test_other_spellings_of_base64_are_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        from_base64(text)


def test_a_fingerprint_is_52_characters_and_reads_back() -> None:
    digest_ = digest_of(b"root")
    assert len(fingerprint(digest_)) == 52
    assert from_fingerprint(fingerprint(digest_)) == digest_


@pytest.mark.parametrize("text", ["", "a" * 51, "A" * 52, "a" * 51 + "b", "1" * 52, "a" * 53, "a" * 104])
def test_what_is_no_fingerprint_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        from_fingerprint(text)


@pytest.mark.parametrize("name", ["", " Ana", "Ana ", "A\u200bna", "A\u202ena", "A\nna", "x" * 81])
def test_names_that_hide_or_turn_something_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        check_name(name)


def hops(count: int) -> World:
    world = World()
    for version in range(2, count + 2):
        world = world.with_root(root_document(version, prev=world.last), "root-a")
    return world


def test_a_walk_has_at_most_64_hops() -> None:
    envelopes = [parse_envelope(each) for each in hops(65).roots]
    with pytest.raises(Forked):
        walk_roots(envelopes[0].digest, envelopes)
    assert walk_roots(envelopes[1].digest, envelopes).newest.document.version == 66


def test_a_bundle_of_more_roots_than_a_chain_may_have_is_not_read() -> None:
    world = World()
    with pytest.raises(Forked):
        parse_bundle(TrustBundle(world.roots * 66, world.trust).to_bytes())


def test_ancestors_are_known_as_far_as_they_are_linked() -> None:
    world = hops(3)
    envelopes = [parse_envelope(each) for each in world.roots]
    chain = walk_roots(envelopes[2].digest, envelopes)
    assert all(chain.knows(each.digest) for each in envelopes)
    assert not chain.knows(bytes(32))
    stranger = parse_envelope(sign(ROOT_TYPE, root_document(name="Other"), "root-a"))
    broken = walk_roots(envelopes[2].digest, [envelopes[0], stranger, *envelopes[2:]])
    assert not broken.knows(envelopes[0].digest)


def test_an_ancestor_that_is_no_root_ends_the_line() -> None:
    garbage = parse_envelope(sign(ROOT_TYPE, b"garbage", "root-a"))
    second = parse_envelope(sign(ROOT_TYPE, root_document(2) | {"prev_sha256": garbage.digest.hex()}, "root-a"))
    chain = walk_roots(second.digest, [garbage, second])
    assert chain.knows(garbage.digest)


def test_what_a_state_says_of_itself() -> None:
    world = World()
    state = judge_bundle(world.pinned, world.bundle(), memory=None)
    assert (state.org, state.organisation_name, state.pinned) == (ORG, "Kettle & Cup", world.pinned)
    assert state.has_policy(POLICY, at=Millis(NOW))
    assert not state.has_policy(POLICY, at=Millis(NOW - 2 * DAY))
    assert not state.has_policy(bytes(32), at=Millis(NOW))
    state.require_fresh(Millis(NOW))
    for late in (NOW + 29 * DAY, NOW + 30 * DAY):
        with pytest.raises(Lapsed):
            state.require_fresh(Millis(late))
    with pytest.raises(Forked):
        state.check_root(bytes(32))


def test_a_memory_reads_back_and_a_damaged_one_does_not() -> None:
    world = World()
    memory = judge_bundle(world.pinned, world.bundle(), memory=None).memory
    assert parse_memory(memory.to_bytes()) == memory
    for damaged in (b"", b"\xc0", memory.to_bytes()[:-1]):
        with pytest.raises(Malformed):
            parse_memory(damaged)


@pytest.mark.parametrize("entry", [{"nbf": 2, "exp": 2}, {"nbf": 3, "exp": 2}])
def test_a_policy_that_ends_before_it_begins_is_malformed(entry: dict[str, int]) -> None:
    policies: list[strict_json.Json] = [{"digest": POLICY.hex(), **entry}]
    world = World().with_trust(trust_document(policies=policies))
    with pytest.raises(Malformed):
        judge_bundle(world.pinned, world.bundle(), memory=None)


def test_a_receipt_reads_back() -> None:
    world = World()
    state = judge_bundle(world.pinned, world.bundle(), memory=None)
    receipt = Receipt(
        org=ORG,
        conversation=to_base64url(bytes(16)),
        decision_digest=POLICY.hex(),
        request_digest=None,
        received_at=NOW + HOUR,
        ledger_index=1,
    )
    assert open_receipt(parse_envelope(sign_receipt(receipt, key("statement-a"))), state.trust) == receipt


@given(st.data())
def test_a_changed_byte_anywhere_is_refused(data: st.DataObject) -> None:
    world = World()
    octets = bytearray(world.trust)
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))
    try:
        state = judge_bundle(world.pinned, TrustBundle(world.roots, bytes(octets)), memory=None)
    except Untrusted:
        return
    # Only the hint (`keyid`) may change without anybody minding.
    assert digest(bytes(octets)) == digest(world.trust)
    assert state.trust.version == 1


SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()


@given(
    st.recursive(
        SCALARS,
        lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
        max_leaves=12,
    )
)
def test_strict_json_reads_what_was_written(value: strict_json.Json) -> None:
    assert strict_json.parse(msgspec.json.encode(value)) == value


@given(st.binary(max_size=60))
def test_garbage_is_malformed_or_json(octets: bytes) -> None:
    try:
        strict_json.parse(octets)
    except Malformed:
        return
