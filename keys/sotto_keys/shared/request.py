"""What the relay signs when it puts a question to a customer, and when time or policy ends one. A yes is always the customer's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import EVENT_TYPE, REQUEST_TYPE, Envelope, seal_envelope
from sotto_keys.shared.statement import open_statement
from sotto_keys.shared.text_forms import Base64Key, Hex32, Slug, Time

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_keys.shared.trust import TrustDocument

Base64Bytes16 = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}\Z")]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request's payload. Whom it is about is `credential` and `leaf_key`; who asks, `asked_by`: both names of credentials."""

    org: Slug
    conversation: Base64Bytes16
    moment: Slug
    purpose: Slug
    credential: Slug
    leaf_key: Base64Key
    asked_by: Slug
    history: Literal["new_messages"]
    policy_digest: Hex32
    requested_at: Time
    expires_at: Time
    nonce: Base64Bytes16


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event's payload: a request or a decision that ended without the customer. Clients compute expiry for themselves."""

    org: Slug
    conversation: Base64Bytes16
    event: Literal["expire", "invalidate"]
    subject: Hex32
    """The request or decision that it is about."""
    at: Time


def sign_request(request: Request, signer: Signer) -> bytes:
    """The request's envelope (JSON form), signed with a statement key."""
    return seal_envelope(REQUEST_TYPE, strict_json.write(request), signers=[signer]).to_bytes()


def sign_event(event: Event, signer: Signer) -> bytes:
    """The event's envelope (JSON form), signed with a statement key."""
    return seal_envelope(EVENT_TYPE, strict_json.write(event), signers=[signer]).to_bytes()


def open_request(envelope: Envelope, trust: TrustDocument) -> Request:
    """As `open_statement`."""
    return open_statement(envelope, REQUEST_TYPE, form=Request, trust=trust, at=lambda each: each.requested_at)


def open_event(envelope: Envelope, trust: TrustDocument) -> Event:
    """As `open_statement`."""
    return open_statement(envelope, EVENT_TYPE, form=Event, trust=trust, at=lambda each: each.at)
