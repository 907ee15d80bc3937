"""What a customer saves of their decisions: each with the words that were shown, its receipt, and the documents that prove both.

The file proves itself offline, years later, without the relay (docs/protocol.md 2.7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.card import card_of
from sotto_keys.shared.credential import Credential, open_credential
from sotto_keys.shared.decision import Decision, verify_decision
from sotto_keys.shared.dsse import RECEIPT_BUNDLE_TYPE, key_id, open_envelope, parse_envelope, seal_envelope
from sotto_keys.shared.policy.notice_text import PARAGRAPH, START, notice_text
from sotto_keys.shared.policy.reading import notice_of, purpose_of, read_policy
from sotto_keys.shared.receipt import open_receipt
from sotto_keys.shared.text_forms import Base64Key, Slug, Time, digest_of, from_base64url, to_base64url
from sotto_keys.shared.trust_bundle import parse_bundle
from sotto_keys.shared.trust_chain import judge_bundle
from sotto_keys.shared.untrusted import BadSignature, Inconsistent, Malformed
from sotto_keys.shared.withdrawal import Withdrawal, verify_withdrawal
from sotto_wire.claims import DeviceAdmission, Signed, TeamAdmission
from sotto_wire.ids import KEY_BYTES, SIGNATURE_BYTES, Millis
from sotto_wire.moments import Moment
from sotto_wire.refusals import NotOffered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.shared.policy.notice_text import NoticeText
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


class SavedStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer signed, in its compact form, and the envelope of the relay's receipt if one came."""

    claims: Octets
    signature: Octets
    receipt: Octets | None


class SavedDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One decision, the paragraphs that stood on the screen, and its withdrawal where there was one.

    A decision about one device comes with the moment of the question and the device's credential, one that keeps the chat open with its
    moment alone, the start decision with neither.
    """

    decided: SavedStatement
    shown: Annotated[list[str], Meta(min_length=1, max_length=64)]
    moment: Slug | None = None
    credential: Octets | None = None
    withdrawn: SavedStatement | None = None


class SavedReader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device that could read when the file was saved, and since when, as the customer's device saw it."""

    credential: Octets
    since: Time


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
    newcomer: Credential | None
    """Whom it is about; none: whoever of a desk."""
    receipt: Receipt | None
    withdrawal: Withdrawal | None
    withdrawal_receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class ProvenReader:
    """Whom the organisation named, and since when the customer's device saw it there."""

    credential: Credential
    since: int


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
    policies: dict[bytes, bytes] = {digest_of(each): each for each in map(from_base64url, claimed.policies)}
    file = _File(bundle=claimed, trust=trust, policies=policies, desk=_desk_of(claimed))
    return ProvenBundle(
        trust=trust,
        bundle=claimed,
        decisions=tuple(_decision(each, file) for each in claimed.decisions),
        readers=tuple(_reader(each, trust) for each in claimed.readers),
    )


@dataclass(frozen=True, slots=True)
class _File:
    """What every part is judged by."""

    bundle: ReceiptBundle
    trust: TrustState
    policies: Mapping[bytes, bytes]
    desk: str

    def receipt(self, octets: str | None, *, of: Digest) -> Receipt | None:
        if octets is None:
            return None
        receipt = open_receipt(parse_envelope(from_base64url(octets)), self.trust.trust)
        expected = (self.trust.org, self.bundle.conversation, of.hex())
        if (receipt.org, receipt.conversation, receipt.decision_digest) != expected:
            raise Inconsistent("a receipt for something else")
        return receipt

    def is_of_this(self, conversation: bytes) -> None:
        if conversation != from_base64url(self.bundle.conversation, length=CONVERSATION_BYTES):
            raise Inconsistent("a statement of another conversation")


def _desk_of(bundle: ReceiptBundle) -> str:
    """Of the start decision, which stands first."""
    first = bundle.decisions[0]
    admits = verify_decision(_signed(first.decided), from_base64url(bundle.customer_key)).claims.admits
    if first.moment is not None or not isinstance(admits, TeamAdmission):
        raise Inconsistent("no start decision")
    return admits.desk


def _signed(saved: SavedStatement) -> Signed:
    signature = from_base64url(saved.signature, length=SIGNATURE_BYTES)
    return Signed(claims=from_base64url(saved.claims), signature=signature)


def _decision(saved: SavedDecision, file: _File) -> ProvenDecision:
    decision = verify_decision(_signed(saved.decided), from_base64url(file.bundle.customer_key))
    claims = decision.claims
    file.is_of_this(claims.conversation)
    octets = file.policies.get(claims.policy_digest)
    if octets is None:
        raise Inconsistent("the policy of a decision is not in the file")
    if not file.trust.has_policy(claims.policy_digest, at=Millis(claims.decided_at)):
        raise Inconsistent("a policy that the organisation did not stand by then")
    newcomer = None if saved.credential is None else _named(saved.credential, file.trust)
    policy = read_policy(octets)
    language = _language(saved, decision, octets=octets, newcomer=newcomer, desk=file.desk)
    purpose = purpose_of(policy, claims.purpose)
    if purpose is None:
        raise Inconsistent("a purpose that the policy does not have")
    withdrawal = None if saved.withdrawn is None else _withdrawal(saved.withdrawn, decision, file)
    return ProvenDecision(
        decision=decision,
        language=language,
        label=purpose.label.get(language, purpose.id),
        newcomer=newcomer,
        receipt=file.receipt(saved.decided.receipt, of=decision.digest),
        withdrawal=withdrawal,
        withdrawal_receipt=None
        if saved.withdrawn is None or withdrawal is None
        else file.receipt(saved.withdrawn.receipt, of=withdrawal.digest),
    )


def _language(
    saved: SavedDecision, decision: Decision, *, octets: bytes, newcomer: Credential | None, desk: str
) -> str:
    """The language in which the policy gives exactly these paragraphs. What was shown is what was signed is what the policy says."""
    claims, policy = decision.claims, read_policy(octets)
    if digest_of(PARAGRAPH.join(saved.shown).encode()) != claims.notice_digest:
        raise Inconsistent("other words than the decision was about")
    match claims.admits:
        case TeamAdmission(desk=admitted) if (
            admitted == desk and newcomer is None and saved.moment in (None, Moment.LONGER_TIME)
        ):
            texts = _notices(policy, saved.moment or START, desk=desk)
        case DeviceAdmission() as one if saved.moment is not None and newcomer is not None:
            if (one.credential, one.leaf_key) != (newcomer.cred_id, newcomer.device_key):
                raise Inconsistent("a decision about another device")
            texts = {
                each: _card(octets, saved.moment, desk=desk, newcomer=newcomer, language=each)
                for each in policy.languages.available
            }
        case _:
            raise Inconsistent("a decision without what it was about")
    for language, text in texts.items():
        if text.digest == claims.notice_digest:
            return language
    raise Inconsistent("words that the policy does not hold")


def _notices(policy: Policy, notice: str, *, desk: str) -> dict[str, NoticeText]:
    if notice_of(policy, notice) is None:
        raise Inconsistent("a question that the policy does not hold")
    return {each: notice_text(policy, notice, desk=desk, language=each) for each in policy.languages.available}


def _card(octets: bytes, moment: str, *, desk: str, newcomer: Credential, language: str) -> NoticeText:
    try:
        return card_of(octets, moment, desk=desk, newcomer=newcomer, language=language)
    except NotOffered:
        raise Inconsistent("a question that the policy does not hold") from None


def _withdrawal(saved: SavedStatement, decision: Decision, file: _File) -> Withdrawal:
    withdrawal = verify_withdrawal(_signed(saved), from_base64url(file.bundle.customer_key))
    file.is_of_this(withdrawal.claims.conversation)
    if withdrawal.claims.decision != decision.digest:
        raise Inconsistent("a withdrawal of another decision")
    return withdrawal


def _reader(saved: SavedReader, trust: TrustState) -> ProvenReader:
    return ProvenReader(credential=_named(saved.credential, trust), since=saved.since)


def _named(octets: str, trust: TrustState) -> Credential:
    """Named by an issuing key of any root of the chain: a later root may have dropped the key that named it then."""
    envelope = parse_envelope(from_base64url(octets))
    for link in reversed(trust.roots.links):
        try:
            credential = open_credential(envelope, link.document)
        except BadSignature:
            continue
        if credential.org != trust.org:
            raise Inconsistent("a credential of another organisation")
        return credential
    raise BadSignature("a device that the organisation does not name")
