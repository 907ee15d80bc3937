"""What a customer saves of their decisions: each with the words that were shown, its receipt, and the documents that prove both.

The file proves itself offline, years later, without the relay (docs/protocol.md 2.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.credential import Credential, open_credential
from sotto_keys.shared.decision import Decision, verify_decision
from sotto_keys.shared.dsse import RECEIPT_BUNDLE_TYPE, key_id, open_envelope, parse_envelope, seal_envelope
from sotto_keys.shared.policy.notice_text import PARAGRAPH, START, notice_text
from sotto_keys.shared.policy.reading import purpose_of, read_policy
from sotto_keys.shared.receipt import open_receipt
from sotto_keys.shared.text_forms import Base64Key, Time, digest_of, from_base64url, to_base64url
from sotto_keys.shared.trust_bundle import parse_bundle
from sotto_keys.shared.trust_chain import judge_bundle
from sotto_keys.shared.untrusted import BadSignature, Inconsistent, Malformed
from sotto_wire.claims import Signed, TeamAdmission
from sotto_wire.ids import KEY_BYTES, SIGNATURE_BYTES, Millis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.shared.policy.shape import Policy
    from sotto_keys.shared.receipt import Receipt
    from sotto_keys.shared.secret import Signer
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.ids import Digest

CONVERSATION_BYTES: Final = 16
MAX_DECISIONS: Final = 64
"""Four times what may stand in a group at once: room for what was withdrawn and given again."""
MAX_READERS: Final = 64
MAX_POLICIES: Final = 8

Octets = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]*\Z")]
Base64Conversation = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}\Z")]


class SavedDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One decision: its compact signed form, the paragraphs that stood on the screen, the receipt's envelope if one came."""

    claims: Octets
    signature: Octets
    shown: Annotated[list[str], Meta(min_length=1, max_length=64)]
    receipt: Octets | None


class SavedReader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device that could read, as the customer's device saw it come and go; `until` is none while it still can."""

    credential: Octets
    since: Time
    until: Time | None


class ReceiptBundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload, signed by the customer key. `trust` is the bundle as the relay served it, `policies` the files' bytes."""

    profile: Literal["sotto-receipts/1"]
    saved_at: Time
    conversation: Base64Conversation
    customer_key: Base64Key
    trust: Octets
    policies: Annotated[list[Octets], Meta(min_length=1, max_length=MAX_POLICIES)]
    decisions: Annotated[list[SavedDecision], Meta(min_length=1, max_length=MAX_DECISIONS)]
    readers: Annotated[list[SavedReader], Meta(max_length=MAX_READERS)]


@dataclass(frozen=True, slots=True)
class ProvenDecision:
    """A decision with everything about it checked. `language` is the one in which the notice was shown."""

    decision: Decision
    language: str
    label: str
    """Of its purpose, in that language."""
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class ProvenReader:
    """Whom the organisation named, and when the customer's device saw it come and go."""

    credential: Credential
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class ProvenBundle:
    """What the file proves. Who the organisation is rests on `trust.pinned`: compare its words, or pin it."""

    trust: TrustState
    bundle: ReceiptBundle
    decisions: tuple[ProvenDecision, ...]
    readers: tuple[ProvenReader, ...]


def sign_bundle(bundle: ReceiptBundle, signer: Signer) -> bytes:
    """The file's bytes. The signer's key is the customer key that the bundle names."""
    assert to_base64url(signer.public) == bundle.customer_key
    return seal_envelope(RECEIPT_BUNDLE_TYPE, strict_json.write(bundle), signers=[signer]).to_bytes()


def verify_bundle(octets: bytes, *, pinned: Digest | None) -> ProvenBundle:
    """Everything checked, with `pinned` as the organisation's root, or the file's own first root where it is none.

    Every byte counts: `Malformed` for another spelling of the same envelope. `BadSignature`, `Forked` (another root than the pinned
    one), `Inconsistent` (parts that are well made and do not belong together) and `Lapsed` as the parts say.
    """
    envelope = parse_envelope(octets)
    if envelope.to_bytes() != octets:
        raise Malformed("another spelling of the envelope")
    claimed = strict_json.read(envelope.payload, ReceiptBundle)
    key = from_base64url(claimed.customer_key, length=KEY_BYTES)
    open_envelope(envelope, RECEIPT_BUNDLE_TYPE, keys=[key], threshold=1)
    if [hint for hint, _ in envelope.signatures] != [key_id(key)]:
        raise BadSignature("a signature that is not the customer's")
    served = parse_bundle(from_base64url(claimed.trust))
    trust = judge_bundle(pinned or parse_envelope(served.roots[0]).digest, served, memory=None)
    policies = {digest_of(each): each for each in map(from_base64url, claimed.policies)}
    return ProvenBundle(
        trust=trust,
        bundle=claimed,
        decisions=tuple(_decision(each, claimed, trust=trust, policies=policies) for each in claimed.decisions),
        readers=tuple(_reader(each, trust) for each in claimed.readers),
    )


def _decision(
    saved: SavedDecision, bundle: ReceiptBundle, *, trust: TrustState, policies: Mapping[Digest, bytes]
) -> ProvenDecision:
    signature = from_base64url(saved.signature, length=SIGNATURE_BYTES)
    signed = Signed(claims=from_base64url(saved.claims), signature=signature)
    decision = verify_decision(signed, from_base64url(bundle.customer_key))
    claims = decision.claims
    if claims.conversation != from_base64url(bundle.conversation, length=CONVERSATION_BYTES):
        raise Inconsistent("a decision of another conversation")
    octets = next((each for digest, each in policies.items() if digest == claims.policy_digest), None)
    if octets is None:
        raise Inconsistent("the policy of a decision is not in the file")
    if not trust.has_policy(claims.policy_digest, at=Millis(claims.decided_at)):
        raise Inconsistent("a policy that the organisation did not stand by then")
    policy = read_policy(octets)
    language = _language(saved, policy, decision)
    purpose = purpose_of(policy, claims.purpose)
    if purpose is None:
        raise Inconsistent("a purpose that the policy does not have")
    return ProvenDecision(
        decision=decision,
        language=language,
        label=purpose.label.get(language, purpose.id),
        receipt=None if saved.receipt is None else _receipt(saved.receipt, bundle, decision=decision, trust=trust),
    )


def _language(saved: SavedDecision, policy: Policy, decision: Decision) -> str:
    """The language in which the policy gives exactly these paragraphs. What was shown is what was signed is what the policy says."""
    claims = decision.claims
    if digest_of(PARAGRAPH.join(saved.shown).encode()) != claims.notice_digest:
        raise Inconsistent("other words than the decision was about")
    if not isinstance(claims.admits, TeamAdmission):
        raise Inconsistent("an admission that no notice of this file is about")
    for language in policy.languages.available:
        text = notice_text(policy, START, desk=claims.admits.desk, language=language)
        if text.digest == claims.notice_digest:
            return language
    raise Inconsistent("words that the policy does not hold")


def _receipt(octets: str, bundle: ReceiptBundle, *, decision: Decision, trust: TrustState) -> Receipt:
    receipt = open_receipt(parse_envelope(from_base64url(octets)), trust.trust)
    expected = (trust.org, bundle.conversation, decision.digest.hex())
    if (receipt.org, receipt.conversation, receipt.decision_digest) != expected:
        raise Inconsistent("a receipt for something else")
    return receipt


def _reader(saved: SavedReader, trust: TrustState) -> ProvenReader:
    """Named by an issuing key of any root of the chain: a later root may have dropped the key that named it then."""
    envelope = parse_envelope(from_base64url(saved.credential))
    for link in reversed(trust.roots.links):
        try:
            credential = open_credential(envelope, link.document)
        except BadSignature:
            continue
        if credential.org != trust.org:
            raise Inconsistent("a credential of another organisation")
        return ProvenReader(credential=credential, since=saved.since, until=saved.until)
    raise BadSignature("a reader whom the organisation does not name")
