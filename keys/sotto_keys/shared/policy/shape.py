"""The shape of `policy.toml`: every key it may have. Unknown keys are refused, so that a misspelt promise is not a silent one.

What has a code of its own in the checks (`sotto_server.domain.policy_rules`) is optional here: the check then names the
duty that is missing, not a key.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

# No control characters: a projection is hashed line by line, and a line feed in a name would be a line of its own.
_LINE = r"^[^\x00-\x1f\x7f\u2028\u2029]*\Z"
Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}\Z")]
Line = Annotated[str, Meta(max_length=512, pattern=_LINE)]
Prose = Annotated[str, Meta(max_length=8000)]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?\Z")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]
Term = Annotated[str, Meta(max_length=128, pattern=r"^[a-z][a-z-]*:[A-Za-z0-9-]+\Z")]
"""A term of the Data Privacy Vocabulary, prefix and name."""
ProfileId = Annotated[str, Meta(pattern=r"^[a-z][a-z-]{0,31}@[0-9]{4}\.[0-9]{2}\Z")]
Days = Annotated[int, Meta(ge=-100_000, le=100_000)]
Words = dict[Language, Line]
Texts = dict[Language, Prose]


class Shape(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all tables."""


class Dpo(Shape, frozen=True):
    """The data protection officer, or why there is none."""

    appointed: bool
    reason: Line = ""
    contact: Line = ""


class Authority(Shape, frozen=True):
    """Where people complain."""

    name: Line = ""
    url: Line = ""


class Representative(Shape, frozen=True):
    """Who stands for a controller that is outside the territory."""

    name: Line
    address: Line
    contact: Line


class Controller(Shape, frozen=True):
    """Who answers for the processing."""

    name: Line = ""
    legal_id: Line = ""
    address: Line = ""
    contact: Line = ""
    phone: Line = ""
    dpo: Dpo | None = None
    authority: Authority | None = None
    eu_representative: Representative | None = None
    uk_representative: Representative | None = None


class Ccpa(Shape, frozen=True):
    """What Californian law asks to be said."""

    sells_or_shares: bool
    honour_gpc: bool


class Jurisdictions(Shape, frozen=True):
    """Which laws were looked at, and when they are looked at again."""

    profiles: list[ProfileId]
    default: Id
    reviewed_on: dt.date
    review_due: dt.date
    ccpa: Ccpa | None = None


class Languages(Shape, frozen=True):
    """In which languages every text of the file exists."""

    default: Language
    available: Annotated[list[Language], Meta(min_length=1, max_length=32)]


class Desk(Shape, frozen=True):
    """What customers read as the name of a desk."""

    id: Id
    label: Words


class Category(Shape, frozen=True):
    """A kind of data. `e2ee`: only members of the group can read it."""

    id: Id
    dpv: Term
    label: Words
    e2ee: bool
    special: bool


class Consent(Shape, frozen=True):
    """How an answer is asked for and how long it counts."""

    validity_days: Days | None = None
    granularity: Literal["per_conversation", "per_use"] = "per_conversation"
    reask_after_refusal_days: Annotated[int, Meta(ge=0, le=3650)] = 180
    explicit: bool = False


class Purpose(Shape, frozen=True):
    """A named reason for processing."""

    id: Id
    dpv: Term
    label: Words
    required_for_chat: bool
    categories: list[Id]
    retention: Id
    lawful_basis: Line = ""
    lia_ref: Line = ""
    law: Line = ""
    optional_categories: list[Id] = []
    recipients: list[Id] = []
    automated: bool = False
    solely_automated_decision: bool = False
    consent: Consent | None = None


class Retention(Shape, frozen=True):
    """How long one class of things stays, from when, and why. `since`: a longer time counts only for what is kept from then on."""

    clock: Literal["event", "last_message", "conversation_closed"]
    action: Literal["delete", "crypto_erase"]
    review_due: dt.date
    max_days: Days | None = None
    purge_within_hours: Annotated[int, Meta(ge=-10_000, le=10_000)] = 0
    justification: Line = ""
    since: dt.date | None = None


class Recipient(Shape, frozen=True):
    """Somebody else who gets data, under which contract, and what they can see of it."""

    id: Id
    name: Line
    role: Literal["processor", "third_party", "joint_controller"]
    country: Country
    sees: Literal["ciphertext_and_metadata", "plaintext"]
    contract_ref: Line = ""
    contract_signed: dt.date | None = None
    contract_expires: dt.date | None = None
    vetted_on: dt.date | None = None
    vetting_due: dt.date | None = None
    transfer: Line = ""
    hosts: list[Line] = []
    no_training_clause: bool = False


class Dpia(Shape, frozen=True):
    """One decision on a data protection impact assessment. The last four are written by `sotto privacy dpia sign`."""

    ref: Line
    decision: Literal["not_required", "approved", "prior_consultation"]
    covers: list[Id]
    residual_risk: Literal["low", "medium", "high"]
    review_due: dt.date
    dpo_advice: Line = ""
    reason: Line = ""
    approved_on: dt.date | None = None
    consulted_on: dt.date | None = None
    scope_digest: Line = ""
    author: Line = ""
    approver: Line = ""
    approval: Line = ""


class Training(Shape, frozen=True):
    """What a person must have learned before they can read anything."""

    module: Id
    required_version: Annotated[int, Meta(ge=1)]
    validity_days: Annotated[int, Meta(ge=1, le=3650)]
    pass_mark: Annotated[float, Meta(ge=0, le=1)]
    roles: list[Id]
    grace_days: Annotated[int, Meta(ge=0, le=90)] = 0


class Access(Shape, frozen=True):
    """Which role may be let in for which purposes."""

    roles: dict[Id, list[Id]]
    max_members: Annotated[int, Meta(ge=2, le=8)]
    join_requires_notice: bool


class Incident(Shape, frozen=True):
    """Who is told, and when the team practises next."""

    contacts: list[Line]
    tabletop_due: dt.date


class Audit(Shape, frozen=True):
    """When the next look from inside is due."""

    internal_due: dt.date
    checkpoint_every_seconds: Annotated[int, Meta(ge=1, le=3600)]
    witnesses: list[Line] = []


class Keys(Shape, frozen=True):
    """Upper bounds of the ages of keys; shorter than the hierarchy's is fine."""

    issuing_max_days: Annotated[int, Meta(ge=1)]
    statement_max_days: Annotated[int, Meta(ge=1)]
    agent_credential_max_days: Annotated[int, Meta(ge=1)]
    site_identity_max_days: Annotated[int, Meta(ge=1)]
    storage_max_days: Annotated[int, Meta(ge=1)] | None = None


class Email(Shape, frozen=True):
    """How mail is written, if at all."""

    mode: Line


class Chat(Shape, frozen=True):
    """The floor of transport security."""

    min_tls: Line


class Channels(Shape, frozen=True):
    """Ways to reach people."""

    email: Email
    chat: Chat


class Notice(Shape, frozen=True):
    """The exact words shown before a decision: `text` at once, `more` one step behind. Paragraphs stand apart by an empty line."""

    id: Id
    version: Annotated[int, Meta(ge=1, le=100_000)]
    material: Annotated[int, Meta(ge=1, le=100_000)]
    text: Texts
    more: Texts = {}


class Policy(Shape, frozen=True):
    """The whole file."""

    schema: Literal["sotto-privacy/1"]
    version: Line
    effective: dt.datetime
    environment: Literal["production", "staging", "demo"]
    controller: Controller
    jurisdictions: Jurisdictions
    languages: Languages
    desks: Annotated[list[Desk], Meta(min_length=1, max_length=64)]
    categories: Annotated[list[Category], Meta(min_length=1, max_length=64)]
    purposes: Annotated[list[Purpose], Meta(min_length=1, max_length=64)]
    retention: dict[Id, Retention]
    dpia: Annotated[list[Dpia], Meta(max_length=64)]
    training: Training
    access: Access
    incident: Incident
    audit: Audit
    keys: Keys
    channels: Channels
    notices: Annotated[list[Notice], Meta(min_length=1, max_length=64)]
    recipients: Annotated[list[Recipient], Meta(max_length=64)] = []
