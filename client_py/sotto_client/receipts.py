"""The file that a customer saves of their decisions, made of what rests on this device and the policy's bytes. It proves itself offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_client.entries import Coming
from sotto_keys.shared import strict_json
from sotto_keys.shared.card import card_of
from sotto_keys.shared.credential import Credential
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.policy.notice_text import START, notice_text
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.receipt_bundle import (
    ReceiptBundle,
    SavedDecision,
    SavedReader,
    SavedStatement,
    sign_bundle,
    verify_bundle,
)
from sotto_keys.shared.text_forms import to_base64url
from sotto_keys.shared.untrusted import Inconsistent
from sotto_wire.claims import DecisionClaims
from sotto_wire.codec import decode_claims
from sotto_wire.ids import Digest
from sotto_wire.moments import Moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_client.conversation import Conversation
    from sotto_client.keeping_open import KeptOpen
    from sotto_client.opening import CustomerRecord
    from sotto_client.questions import Decided
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_wire.claims import GroupTerms, Signed
    from sotto_wire.ids import Millis


@dataclass(frozen=True, slots=True)
class Kept:
    """What rests on this device of one conversation; `trust` is the bundle that was believed last."""

    record: CustomerRecord
    conversation: Conversation
    decisions: Sequence[Decided]
    kept_open: Sequence[KeptOpen]
    trust: bytes


def receipts_of(kept: Kept, *, policy: bytes, key: SecretSigningKey, now: Millis) -> bytes:
    """The file, signed by the customer key. It was verified before anybody gets it: `Untrusted` where it would prove nothing."""
    conversation = kept.conversation
    terms, opened_at = conversation.terms, decode_claims(kept.record.start.claims, DecisionClaims).decided_at
    arrivals = {each.device: each.at for each in conversation.entries if isinstance(each, Coming)}
    others = (leaf for _, leaf in conversation.member.group.roster() if leaf.signature_key != terms.customer_key)
    bundle = ReceiptBundle(
        profile="sotto-receipts/1",
        saved_at=now,
        conversation=to_base64url(conversation.id),
        customer_key=to_base64url(terms.customer_key),
        trust=to_base64url(kept.trust),
        policies=[to_base64url(policy)],
        decisions=[
            SavedDecision(decided=_statement(kept.record.start, kept.record.receipt), shown=_start(kept, policy)),
            *(_longer(each) for each in kept.kept_open if each.standing == "taken" and _is_of(terms, each.decision)),
            *(_answered(each, kept, policy) for each in kept.decisions if _is_of(terms, each.decision)),
        ],
        readers=[
            SavedReader(
                credential=to_base64url(leaf.credential.identity), since=arrivals.get(leaf.signature_key, opened_at)
            )
            for leaf in others
        ],
    )
    octets = sign_bundle(bundle, key)
    verify_bundle(octets, pinned=Digest(terms.root))
    return octets


def _start(kept: Kept, policy: bytes) -> list[str]:
    wanted = decode_claims(kept.record.start.claims, DecisionClaims).notice_digest
    read = read_policy(policy)
    for language in read.languages.available:
        text = notice_text(read, START, desk=kept.conversation.terms.desk, language=language)
        if text.digest == wanted:
            return list(text.paragraphs)
    raise Inconsistent("a policy without the words that were shown")


def _is_of(terms: GroupTerms, signed: Signed) -> bool:
    """Decided in the group that runs: its customer key proves nothing of the groups before."""
    return decode_claims(signed.claims, DecisionClaims).customer_key == terms.customer_key


def _longer(kept: KeptOpen) -> SavedDecision:
    decided = _statement(kept.decision, kept.receipt)
    return SavedDecision(decided=decided, shown=kept.paragraphs, moment=Moment.LONGER_TIME.value)


def _answered(decided: Decided, kept: Kept, policy: bytes) -> SavedDecision:
    identity = parse_key_package(decided.package).leaf.credential.identity
    newcomer = strict_json.read(parse_envelope(identity).payload, Credential)
    card = card_of(policy, decided.moment, desk=kept.conversation.terms.desk, newcomer=newcomer)
    ended = decided.withdrawal
    return SavedDecision(
        decided=_statement(decided.decision, decided.receipt),
        shown=list(card.paragraphs),
        moment=decided.moment,
        credential=to_base64url(identity),
        withdrawn=None if ended is None else _statement(ended, decided.withdrawal_receipt),
    )


def _statement(signed: Signed, receipt: bytes | None) -> SavedStatement:
    return SavedStatement(
        claims=to_base64url(signed.claims),
        signature=to_base64url(signed.signature),
        receipt=None if receipt is None else to_base64url(receipt),
    )
