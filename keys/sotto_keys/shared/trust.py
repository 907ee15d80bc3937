"""The `trust` document: what is revoked and what is in force. Whether it may replace the one we have is `trust_chain`'s question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import TRUST_TYPE, Envelope, key_id, open_envelope
from sotto_keys.shared.text_forms import Base64Key, Hex32, Slug, Time, Version, from_base64url
from sotto_wire.ids import KEY_BYTES

if TYPE_CHECKING:
    from sotto_keys.shared.root import RootDocument

ShortText = Annotated[str, Meta(max_length=200)]
Sri = Annotated[str, Meta(pattern=r"^sha384-[A-Za-z0-9+/]{64}\Z")]


class Revoked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One credential that no longer counts, from `at` (ms) on."""

    cred_id: Slug
    at: Time
    reason: ShortText


class StatementKeyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key the relay signs statements with, and when; also the form of the relay's public key file."""

    keyid: Hex32
    public: Base64Key
    nbf: Time
    exp: Time

    def __post_init__(self) -> None:
        if self.nbf >= self.exp or key_id(from_base64url(self.public, length=KEY_BYTES)) != self.keyid:
            raise ValueError("statement key")


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A widget build the organisation stands for."""

    version: ShortText
    loader_sri: Sri
    app_sri: Sri


class PolicyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy that may be shown to customers from `nbf` until `exp` (ms)."""

    digest: Hex32
    nbf: Time
    exp: Time

    def __post_init__(self) -> None:
        if self.nbf >= self.exp:
            raise ValueError("policy")


class TrustDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trust document's payload; times in ms."""

    org: Slug
    version: Version
    root_version: Version
    issued: Time
    expires: Time
    revoked: Annotated[list[Revoked], Meta(max_length=2000)]
    revoke_before: dict[Slug, Time]
    statement_keys: Annotated[list[StatementKeyEntry], Meta(max_length=64)]
    site_keys: Annotated[list[None], Meta(max_length=0)]
    """Keys of the customers' websites; none until identified customers exist."""
    releases: Annotated[list[Release], Meta(max_length=256)]
    policies: Annotated[list[PolicyEntry], Meta(max_length=64)]
    log_origin: ShortText

    def __post_init__(self) -> None:
        if self.issued >= self.expires:
            raise ValueError("issued after expiry")


def open_trust(envelope: Envelope, root: RootDocument) -> TrustDocument:
    """The trust document that `root`'s issuing keys signed. `BadSignature` first, `Malformed` after."""
    role = root.roles.issuing
    payload = open_envelope(envelope, TRUST_TYPE, keys=root.keys_of(role), threshold=role.threshold)
    return strict_json.read(payload, TrustDocument)
