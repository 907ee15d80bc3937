"""What a customer saved proves itself without a relay: every part is checked, and no byte of the file is free."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from msgspec.structs import replace
from tests.support.policies import edited
from tests.support.saved_receipts import (
    CLAIMS,
    CUSTOMER,
    GUEST,
    POLICY,
    SHOWN,
    WORLD,
    Saved,
    asked,
    ending,
    kept_open,
    with_guest,
)
from tests.vectors.trust_world import DAY, NOW, World, credential_document, key, sign, trust_document

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import CREDENTIAL_TYPE, RECEIPT_BUNDLE_TYPE, parse_envelope, seal_envelope
from sotto_keys.shared.policy.notice_text import START, notice_text
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.receipt_bundle import sign_bundle, verify_bundle
from sotto_keys.shared.text_forms import digest_of, to_base64url
from sotto_keys.shared.untrusted import Forked, Untrusted
from sotto_wire.claims import DeviceAdmission, TeamAdmission

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_keys.shared.dsse import Envelope
    from sotto_keys.shared.strict_json import Json


def test_a_saved_file_proves_decision_words_receipt_and_readers() -> None:
    proven = verify_bundle(Saved().bytes(), pinned=WORLD.pinned)
    (decided,), (reader,) = proven.decisions, proven.readers
    assert decided.decision.claims == CLAIMS
    assert (decided.language, decided.label) == ("en", "Answer your question")
    assert decided.receipt is not None
    assert (decided.receipt.ledger_index, decided.receipt.received_at) == (1, NOW + 40)
    assert (reader.credential.name, reader.since) == ("Ana", NOW + 90)
    assert proven.trust.organisation_name == "Kettle & Cup"


def test_it_still_proves_years_after_everything_in_it_ran_out() -> None:
    # Nothing asks what time it is now: the parts are judged at the times they state.
    assert verify_bundle(Saved(bundle={"saved_at": NOW + 3650 * DAY}).bytes(), pinned=None).decisions


def test_a_decision_without_a_receipt_is_still_a_decision() -> None:
    whole = Saved().parts()
    (saved,) = whole.decisions
    octets = sign_bundle(
        replace(whole, decisions=[replace(saved, decided=replace(saved.decided, receipt=None))]), CUSTOMER
    )
    assert verify_bundle(octets, pinned=None).decisions[0].receipt is None


def test_the_german_words_are_recognised_as_german() -> None:
    german = notice_text(read_policy(POLICY), START, desk="support", language="de")
    saved = Saved(claims=replace(CLAIMS, notice_digest=german.digest), shown=german.paragraphs)
    assert verify_bundle(saved.bytes(), pinned=None).decisions[0].language == "de"


def test_the_root_that_is_pinned_must_be_the_one_in_the_file() -> None:
    with pytest.raises(Forked):
        verify_bundle(Saved().bytes(), pinned=digest_of(b"another root"))


CHANGED: Final = "a word more"
FAULTS: Final = {
    "other words than were signed": (Saved(shown=(*SHOWN.paragraphs, CHANGED)), "inconsistent"),
    "signed words that the policy does not hold": (
        Saved(claims=replace(CLAIMS, notice_digest=digest_of(CHANGED.encode())), shown=(CHANGED,)),
        "inconsistent",
    ),
    "somebody else's decision": (Saved(decided_by="mallory"), "bad_signature"),
    "another conversation's decision": (Saved(claims=replace(CLAIMS, conversation=bytes(16))), "inconsistent"),
    "a policy that is not in the file": (Saved(claims=replace(CLAIMS, policy_digest=bytes(32))), "inconsistent"),
    "a policy before its time": (Saved(claims=replace(CLAIMS, decided_at=NOW - 2 * DAY)), "inconsistent"),
    "a purpose the policy does not have": (Saved(claims=replace(CLAIMS, purpose="selling")), "inconsistent"),
    "an admission the notice is not about": (
        Saved(claims=replace(CLAIMS, admits=DeviceAdmission(credential="ana-1", leaf_key=bytes(32)))),
        "inconsistent",
    ),
    "a desk the policy does not have": (
        Saved(claims=replace(CLAIMS, admits=TeamAdmission(desk="cellar"))),
        "malformed",
    ),
    "a receipt for another decision": (Saved(receipt={"decision_digest": "0" * 64}), "inconsistent"),
    "a receipt of another conversation": (Saved(receipt={"conversation": "A" * 22}), "inconsistent"),
    "a receipt of another organisation": (Saved(receipt={"org": "kessel"}), "inconsistent"),
    "a receipt nobody signed who may": (Saved(receipt_by="mallory"), "bad_signature"),
    "a receipt outside its key's time": (Saved(receipt={"received_at": NOW + 400 * DAY}), "lapsed"),
    "a reader the organisation does not name": (
        Saved(reader=sign(CREDENTIAL_TYPE, credential_document(), "mallory")),
        "bad_signature",
    ),
    "a reader of another organisation": (
        Saved(reader=sign(CREDENTIAL_TYPE, credential_document(org="kessel"), "issuing-a")),
        "inconsistent",
    ),
    "no trust document": (Saved(bundle={"trust": ""}), "malformed"),
}


@pytest.mark.parametrize("why", FAULTS)
def test_a_part_that_does_not_belong_is_refused(why: str) -> None:
    saved, code = FAULTS[why]
    with pytest.raises(Untrusted) as refused:
        verify_bundle(saved.bytes(), pinned=None)
    assert refused.value.code == code


def test_a_decision_about_one_device_proves_whom_it_was_about_and_its_withdrawal() -> None:
    start, guest = verify_bundle(with_guest(asked()), pinned=WORLD.pinned).decisions
    assert start.newcomer is None
    assert start.withdrawal is None
    assert guest.newcomer is not None
    assert (guest.newcomer.name, guest.language) == ("Sue", "en")
    assert guest.withdrawal is not None
    assert guest.withdrawal.claims.decision == guest.decision.digest
    assert guest.withdrawal_receipt is not None
    assert guest.withdrawal_receipt.ledger_index == 3


GUEST_FAULTS: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "another moment than whose words were signed": (lambda: with_guest(asked(moment="another_desk")), "inconsistent"),
    "a question the policy does not hold": (lambda: with_guest(asked(moment="transcript")), "inconsistent"),
    "another device of the same person": (
        lambda: with_guest(asked(credential=sign(CREDENTIAL_TYPE, GUEST | {"cred_id": "sue-2"}, "issuing-a"))),
        "inconsistent",
    ),
    "a device nobody names": (
        lambda: with_guest(asked(credential=sign(CREDENTIAL_TYPE, GUEST, "mallory"))),
        "bad_signature",
    ),
    "no moment": (lambda: with_guest(replace(asked(), moment=None)), "inconsistent"),
    "a start decision that names a device": (lambda: with_guest(replace(asked(), credential=None)), "inconsistent"),
    "a withdrawal of another decision": (
        lambda: with_guest(replace(asked(), withdrawn=ending(bytes(32)))),
        "inconsistent",
    ),
    "no start decision": (
        lambda: sign_bundle(replace(Saved().parts(), decisions=[asked()]), CUSTOMER),
        "inconsistent",
    ),
}


@pytest.mark.parametrize("why", GUEST_FAULTS)
def test_a_decision_about_one_device_that_does_not_fit_is_refused(why: str) -> None:
    made, code = GUEST_FAULTS[why]
    with pytest.raises(Untrusted) as refused:
        verify_bundle(made(), pinned=None)
    assert refused.value.code == code


def test_a_chat_that_was_kept_open_proves_the_words_and_the_new_end() -> None:
    start, longer = verify_bundle(with_guest(kept_open()), pinned=WORLD.pinned).decisions
    assert (longer.language, longer.newcomer, longer.decision.claims.admits) == ("en", None, TeamAdmission("support"))
    assert longer.decision.claims.expires_at == start.decision.claims.expires_at + DAY // 2
    assert longer.receipt is not None


def _without_words() -> bytes:
    """A file whose policy is real, and does not offer it."""
    policy = edited('id = "longer_time"', 'id = "policy_changed"')
    listed: list[Json] = [{"digest": digest_of(policy).hex(), "nbf": NOW - DAY, "exp": NOW + DAY}]
    trust = World().with_trust(trust_document(policies=listed)).bundle().to_bytes()
    digest = digest_of(policy)
    whole = Saved(claims=replace(CLAIMS, policy_digest=digest)).parts()
    decisions = [*whole.decisions, kept_open(policy_digest=digest)]
    files = {"trust": to_base64url(trust), "policies": [to_base64url(policy)]}
    return sign_bundle(replace(whole, decisions=decisions, **files), CUSTOMER)


LONGER_FAULTS: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "other words": (lambda: with_guest(replace(kept_open(), shown=["Stay?"])), "inconsistent"),
    "the words of the start": (lambda: with_guest(replace(kept_open(), moment=None)), "inconsistent"),
    "the start under the words of this": (lambda: with_guest(kept_open(notice_digest=SHOWN.digest)), "inconsistent"),
    "a device": (lambda: with_guest(replace(kept_open(), credential=asked().credential)), "inconsistent"),
    "another desk": (lambda: with_guest(kept_open(admits=TeamAdmission(desk="cellar"))), "inconsistent"),
    "another conversation": (lambda: with_guest(kept_open(conversation=bytes(16))), "inconsistent"),
    "another policy": (lambda: with_guest(kept_open(policy_digest=bytes(32))), "inconsistent"),
    "when the policy had run out": (lambda: with_guest(kept_open(at=NOW + DAY)), "inconsistent"),
    "a forger": (lambda: with_guest(kept_open(by="mallory")), "bad_signature"),
    "nothing before it": (
        lambda: sign_bundle(replace(Saved().parts(), decisions=[kept_open()]), CUSTOMER),
        "inconsistent",
    ),
    "a policy without such words": (_without_words, "inconsistent"),
}


@pytest.mark.parametrize("why", LONGER_FAULTS)
def test_a_chat_kept_open_by_what_does_not_fit_is_refused(why: str) -> None:
    made, code = LONGER_FAULTS[why]
    with pytest.raises(Untrusted) as refused:
        verify_bundle(made(), pinned=None)
    assert refused.value.code == code


def test_a_file_signed_by_somebody_else_is_refused() -> None:
    envelope = seal_envelope(RECEIPT_BUNDLE_TYPE, strict_json.write(Saved().parts()), signers=[key("mallory")])
    with pytest.raises(Untrusted) as refused:
        verify_bundle(envelope.to_bytes(), pinned=None)
    assert refused.value.code == "bad_signature"


def _hint(envelope: Envelope) -> Envelope:
    return envelope.__class__(envelope.payload_type, envelope.payload, (("0" * 64, envelope.signatures[0][1]),))


def _twice(envelope: Envelope) -> Envelope:
    return envelope.__class__(envelope.payload_type, envelope.payload, envelope.signatures * 2)


@pytest.mark.parametrize("change", [_hint, _twice])
def test_what_stands_beside_the_signature_counts_too(change: Callable[[Envelope], Envelope]) -> None:
    octets = change(parse_envelope(Saved().bytes())).to_bytes()
    with pytest.raises(Untrusted):
        verify_bundle(octets, pinned=None)


def test_another_spelling_of_the_same_envelope_is_refused() -> None:
    octets = msgspec.json.format(Saved().bytes(), indent=1)
    with pytest.raises(Untrusted):
        verify_bundle(octets, pinned=None)


def test_no_flipped_bit_goes_unseen() -> None:
    octets = Saved().bytes()
    places = random.Random(7).sample(range(len(octets)), 300)  # noqa: S311 - which bytes, not secrets
    # The envelope's own text lies at both ends; every byte of it is tried.
    ends = [*range(120), *range(len(octets) - 220, len(octets))]
    verify = partial(verify_bundle, pinned=WORLD.pinned)
    for place in {*places, *ends}:
        flipped = bytearray(octets)
        flipped[place] ^= 1 << (place % 8)
        with pytest.raises(Untrusted):
            verify(bytes(flipped))
