"""What starting makes at the customer's device: the customer key, the signed team admission, and the group that names both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from sotto_client.conversation import begun
from sotto_keys.device.mls.create_group import create_group, group_extensions
from sotto_keys.device.mls.own_key_package import create_key_package
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.mls.group_memory import GroupMemory
from sotto_keys.shared.mls.group_terms import customer_identity
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.claims import Bytes16, Count, DecisionClaims, GroupTerms, Predecessor, Signed, TeamAdmission
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.ids import CONVERSATION_ID_BYTES, ConversationId, Millis, group_id
from sotto_wire.limits import CONVERSATION_LIFE_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.conversation import Conversation
    from sotto_client.notice import Notice
    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_wire.ids import Digest

RECORD: Final = "customer"
NONCE_BYTES: Final = 16
MS_PER_S: Final = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """Where the customer is: what the snippet on the site's page pins, and the page's origin."""

    site: str
    desk: str
    root: Digest
    """Of the organisation's pinned root (`sotto_keys.shared.text_forms.from_fingerprint` reads the snippet's form)."""
    origin: str


class CustomerRecord(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What a customer's device keeps beside the conversation."""

    conversation: Bytes16
    start: Signed
    group_info: bytes | None
    """Kept until the relay has it: opening is safe to repeat with the same bytes."""
    receipt: bytes | None
    ahead: Count
    chain: list[Predecessor]
    """The lines of the groups before; with them and the customer key the conversation goes on where its group is lost."""

    def to_bytes(self) -> bytes:
        return msgspec.msgpack.encode(self)


@dataclass(frozen=True, slots=True)
class Made:
    """A conversation that nobody knows of yet."""

    record: CustomerRecord
    conversation: Conversation


def parse_customer_record(octets: bytes) -> CustomerRecord:
    """What `to_bytes` wrote, or `Malformed`."""
    try:
        return msgspec.msgpack.decode(octets, type=CustomerRecord)
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None


def make_conversation(
    page: Page, notice: Notice, *, key: SecretSigningKey, now: Millis, entropy: Callable[[int], bytes]
) -> Made:
    """The start decision under the notice as it was read, and the group of epoch 0 in which it stands."""
    conversation = ConversationId(entropy(CONVERSATION_ID_BYTES))
    claims = DecisionClaims(
        conversation=conversation,
        customer_key=key.public,
        answer="given",
        admits=TeamAdmission(desk=page.desk),
        purpose=notice.purpose,
        history="new_messages",
        policy_digest=notice.policy_digest,
        notice_digest=notice.notice_digest,
        decided_at=now,
        expires_at=now + CONVERSATION_LIFE_MS,
        nonce=entropy(NONCE_BYTES),
        request=None,
    )
    return make_group(page, sign_decision(claims, key), chain=[], key=key, entropy=entropy)


def make_group(
    page: Page,
    start: Signed,
    *,
    chain: list[Predecessor],
    key: SecretSigningKey,
    entropy: Callable[[int], bytes],
) -> Made:
    """The group of epoch 0 in which this start decision stands, after the groups of `chain`."""
    claims = decode_claims(start.claims, DecisionClaims)
    conversation, now = ConversationId(claims.conversation), Millis(claims.decided_at)
    terms = _terms(claims, page, standing=digest_of(start.claims), chain=chain)
    member = _group(terms, claims, key=key, entropy=entropy)
    memory = GroupMemory(committed_at=0, is_whole=True, decisions=[claims], members=[], handoff=None)
    record = CustomerRecord(
        conversation=conversation,
        start=start,
        group_info=member.group_info().to_message(),
        receipt=None,
        ahead=0,
        chain=chain,
    )
    return Made(record, begun(conversation, member, memory=memory, now=now, group=len(chain) + 1))


def _terms(claims: DecisionClaims, page: Page, *, standing: Digest, chain: list[Predecessor]) -> GroupTerms:
    return GroupTerms(
        version=1,
        root=page.root,
        site=page.site,
        desk=page.desk,
        customer_key=claims.customer_key,
        recovery_key=None,
        policy_digest=claims.policy_digest,
        chain=chain,
        standing=[standing],
    )


def _group(
    terms: GroupTerms, claims: DecisionClaims, *, key: SecretSigningKey, entropy: Callable[[int], bytes]
) -> Member:
    seed = SecretBytes(key.reveal_seed())
    own = create_key_package(
        seed,
        customer_identity(key.public),
        now=claims.decided_at // MS_PER_S,
        not_after=claims.expires_at // MS_PER_S,
        entropy=entropy,
    )
    name = group_id(ConversationId(claims.conversation), len(terms.chain) + 1)
    extensions = group_extensions(encode_claims(terms))
    return create_group(name, own, signing_key=seed, extensions=extensions, entropy=entropy)
