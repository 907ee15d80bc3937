"""The record as it is written. Field names and their order are those of ISO/IEC TS 27560:2023 as the DPV guide to it spells them
(https://w3id.org/dpv/guides/consent-27560); the numbers are clauses of the TS. What is left out, nobody signed and no policy says.
"""  # noqa: D205 - the source belongs to the summary

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from sotto_keys.shared.text_forms import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sotto_wire.ids import Digest


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of all parts. A field with a default is left out where it has nothing to say."""


class PrivacyNotice(Part, frozen=True, kw_only=True):
    """6.3.4.1. `digest` names the words as they were shown; a request has none, its words are signed with the answer."""

    id: str
    version: int
    uri: str
    """Of the privacy page of this very policy, relative to the relay's address, which no signature holds (RFC 3986 4.2)."""
    digest: str | None = None
    dpv: Literal["dpv:ConsentNotice", "dpv:PrivacyNotice"]


class PurposeTold(Part, frozen=True, kw_only=True):
    """6.3.4.3 and 6.3.4.4: the one purpose that was signed."""

    id: str
    label: str
    """In `language`, or in the policy's default where that is not known."""
    purpose_type: str


class PiiInformation(Part, frozen=True, kw_only=True):
    """6.3.5. The policy marks what is special; what is special is sensitive, and more it does not say."""

    pii_type: str
    dpv: str
    pii_optional: bool
    sensitive_pii_category: bool
    special_pii_category: bool


class WithdrawalMethod(Part, frozen=True, kw_only=True):
    """6.3.4.18: the sentence that the notice has for `{withdraw}`, and the page that says how to reach the controller otherwise."""

    in_chat: str
    uri: str


class Processing(Part, frozen=True, kw_only=True):
    """6.3.4, from the policy's tables."""

    privacy_notice: PrivacyNotice
    language: str | None = None
    """6.3.4.2: of the words that were signed."""
    purposes: list[PurposeTold]
    purpose_digest: str
    """Ours: of the projection that a decision is about (docs/protocol.md 2.4)."""
    policy_digest: str
    """Ours: of the policy file."""
    lawful_basis: str | None = None
    """6.3.4.6."""
    pii_information: list[PiiInformation]
    pii_controllers: list[str]
    """6.3.4.8: party ids."""
    collection_method: str | None = None
    """6.3.4.9: only where all of it comes from the customer."""
    processing_method: list[str]
    """6.3.4.10."""
    automated: bool
    """Ours: whether a program reads."""
    storage_locations: list[str]
    """6.3.4.11: where those sit who hold ciphertext."""
    retention_period: str | None = None
    """6.3.4.12, ISO 8601; none: no end is set."""
    processing_locations: list[str]
    """6.3.4.13: those, and where whoever else can read sits."""
    geographic_restrictions: list[str]
    """6.3.4.14: the same again. The policy is a closed world: a recipient elsewhere is another policy, and asked anew."""
    service: str
    """6.3.4.15: the controller and the desk."""
    jurisdiction: str | None = None
    """6.3.4.16: of the law that the policy applies to everyone."""
    recipient_third_parties: list[str]
    """6.3.4.17: party ids."""
    withdrawal_method: WithdrawalMethod | None = None
    """None for the start of a chat, which is not withdrawn but closed."""
    privacy_rights: list[str]
    """6.3.4.19."""
    impact_assessment: str | None = None
    """6.3.4.21."""
    authority_party: str | None = None
    """6.3.4.22: a party id."""


class Party(Part, frozen=True, kw_only=True):
    """6.3.6. The policy has no address of an authority and no contact of a recipient; they are left out, not made up."""

    party_id: str
    party_role: str
    party_name: str
    party_address: str | None = None
    party_contact: str | None = None
    party_phone: str | None = None
    party_type: Literal["legal_entity", "authority"]


class StatementTold(Part, frozen=True, kw_only=True):
    """Ours: the signed bytes that this record says again, by their digest. They are the evidence; the record is not."""

    type: str
    digest: str
    answers: str | None = None
    """The request that a decision answers."""


class RecordedEvent(Part, frozen=True, kw_only=True):
    """6.3.7."""

    event_state: str
    """6.3.7.6."""
    event_type: str | None = None
    """6.3.7.4: the kind of consent that was asked for; none for what is not consent."""
    event_time: str
    """6.3.7.1: UTC, ISO 8601, as the signer's clock had it."""
    validity_duration: str
    """6.3.7.2, ISO 8601: how long the yes, or the question, counts from then on; `P0D`: nothing counts."""
    entity_id: Literal["pii_principal", "pii_controller"]
    """6.3.7.3: whose signature it is."""
    indication_method: str | None = None
    """Ours: what the customer did, between which answers; none where the relay states something."""
    previous: str | None
    """Ours: SHA-256 of the earlier record of the same subject, as `Record.to_bytes` wrote it; null where there is none at hand."""
    nonce: str | None = None
    """Ours: of the signed statement; an ending by the relay has none."""
    statement: StatementTold


class Record(Part, frozen=True, kw_only=True, rename={"context": "@context"}):
    """One signed event. Where the purpose does not rest on consent it is a notice acknowledgement, and says consent nowhere."""

    context: str
    schema_version: str | None = None
    """DPV's name of the schema; none for an acknowledgement: it is the schema of consent records."""
    profile: Literal["sotto-consent/1", "sotto-notice/1"]
    record_type: Literal["notice_acknowledgement"] | None = None
    record_id: str
    """A UUIDv8 (RFC 9562 5.8) of the statement's digest: the same statement is the same record, whoever writes it."""
    pii_principal_id: str
    """SHA-256 of the customer key: another one in each conversation."""
    pii_processing: Processing
    parties: list[Party]
    event: RecordedEvent

    def to_bytes(self) -> bytes:
        """Compact JSON, UTF-8, in the order of the fields: the bytes that `previous` of the next record names."""
        return msgspec.json.encode(self)

    @property
    def digest(self) -> Digest:
        """SHA-256 of `to_bytes`."""
        return digest_of(self.to_bytes())


def array_of(records: Iterable[Record]) -> bytes:
    """A JSON array in which each record has a line of its own: `previous` is the digest of such a line, without its comma."""
    return b"[\n" + b",\n".join(each.to_bytes() for each in records) + b"\n]\n"
