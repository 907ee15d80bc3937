"""A made-up organisation for tests: keys from names, documents from dicts, so that a forged one is as easy to write as a true one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.dsse import (
    CREDENTIAL_TYPE,
    INCIDENT_TYPE,
    ROOT_TYPE,
    TRUST_TYPE,
    key_id,
    parse_envelope,
    seal_envelope,
)
from sotto_keys.shared.secret import SecretSigningKey
from sotto_keys.shared.text_forms import to_base64url
from sotto_keys.shared.trust_bundle import TrustBundle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_keys.shared.strict_json import Json
    from sotto_wire.ids import Digest

NOW: Final = 1_800_000_000_000
HOUR: Final = 3600 * 1000
DAY: Final = 24 * HOUR
ORG: Final = "kettle"
POLICY: Final = sha256(b"a policy").digest()

Document = dict[str, "Json"]


def key(name: str) -> SecretSigningKey:
    """The key of that name; the same in every run."""
    return SecretSigningKey(sha256(b"sotto test key " + name.encode()).digest())


def keys(names: str) -> list[SecretSigningKey]:
    """Keys of names separated by spaces."""
    return [key(name) for name in names.split()]


def document_bytes(document: Json) -> bytes:
    """Compact JSON."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def sign(payload_type: str, document: Json | bytes, signers: str) -> bytes:
    """An envelope's bytes, signed by the keys of these names; `document` may be raw payload bytes."""
    payload = document if isinstance(document, bytes) else document_bytes(document)
    return seal_envelope(payload_type, payload, signers=keys(signers)).to_bytes()


def role(names: str, threshold: int = 1) -> Document:
    return {"keyids": [key_id(each.public) for each in keys(names)], "threshold": threshold}


def digest(envelope: bytes) -> Digest:
    """A document's name."""
    return parse_envelope(envelope).digest


def root_document(
    version: int = 1,
    *,
    root: str = "root-a",
    issuing: str = "issuing-a",
    threshold: int = 1,
    prev: bytes | None = None,
    **changes: Json,
) -> Document:
    """A root's payload; `prev` is the envelope before it."""
    document: Document = {
        "org": ORG,
        "name": "Kettle & Cup",
        "version": version,
        "expires": NOW + 180 * DAY,
        "prev_sha256": digest(prev).hex() if prev else "",
        "keys": {key_id(each.public): to_base64url(each.public) for each in keys(f"{root} {issuing}")},
        "roles": {"root": role(root, threshold), "issuing": role(issuing)},
    }
    return document | changes


def statement_entry() -> Document:
    """The relay's statement key, as `trust` lists it."""
    public = key("statement-a").public
    return {"keyid": key_id(public), "public": to_base64url(public), "nbf": NOW - DAY, "exp": NOW + 89 * DAY}


def trust_document(version: int = 1, **changes: Json) -> Document:
    """A trust document's payload."""
    document: Document = {
        "org": ORG,
        "version": version,
        "root_version": 1,
        "issued": NOW - DAY,
        "expires": NOW + 29 * DAY,
        "revoked": [],
        "revoke_before": {},
        "statement_keys": [statement_entry()],
        "site_keys": [],
        "releases": [{"version": "0.1.0", "loader_sri": "sha384-" + "A" * 64, "app_sri": "sha384-" + "B" * 64}],
        "policies": [{"digest": POLICY.hex(), "nbf": NOW - DAY, "exp": NOW + 300 * DAY}],
        "log_origin": "relay.kettle.example",
    }
    return document | changes


def credential_document(leaf: str = "device-ana", **changes: Json) -> Document:
    """A credential's payload."""
    document: Document = {
        "org": ORG,
        "cred_id": "ana-1",
        "person": "ana",
        "device": "Ana's laptop",
        "leaf_key": to_base64url(key(leaf).public),
        "name": "Ana",
        "kind": "human",
        "roles": ["agent"],
        "desks": ["orders"],
        "nbf": NOW - DAY,
        "exp": NOW + 29 * DAY,
    }
    return document | changes


@dataclass(frozen=True, slots=True)
class World:
    """Root 1 and trust 1, well signed; `after` gives the world as it went on."""

    roots: tuple[bytes, ...] = field(default_factory=lambda: (sign(ROOT_TYPE, root_document(), "root-a"),))
    trust: bytes = field(default_factory=lambda: sign(TRUST_TYPE, trust_document(), "issuing-a"))

    def with_root(self, document: Document, signers: str) -> World:
        """One more root."""
        return World((*self.roots, sign(ROOT_TYPE, document, signers)), self.trust)

    def with_trust(self, document: Document | bytes, signers: str = "issuing-a") -> World:
        """Another trust document in place of the old."""
        return World(self.roots, sign(TRUST_TYPE, document, signers))

    @property
    def pinned(self) -> Digest:
        """Digest of root 1."""
        return digest(self.roots[0])

    @property
    def last(self) -> bytes:
        """The newest root's envelope."""
        return self.roots[-1]

    def bundle(self, roots: Sequence[bytes] | None = None) -> TrustBundle:
        return TrustBundle(tuple(self.roots if roots is None else roots), self.trust)


def credential(document: Document | None = None, signers: str = "issuing-a") -> bytes:
    """A credential's envelope."""
    return sign(CREDENTIAL_TYPE, credential_document() if document is None else document, signers)


def incident_document(**changes: Json) -> Document:
    """A notice of an incident, which concerns conversations opened on the day before `NOW` and until an hour after it."""
    english: Document = {
        "what_happened": "A laptop with copies of chats was stolen.",
        "consequences": "Somebody could read what you wrote.",
        "what_we_did": "We revoked the laptop within an hour.",
        "what_you_can_do": "Be careful with calls in our name.\n\nWrite to us if you want to know more.",
    }
    document: Document = {
        "org": ORG,
        "incident": "stolen-laptop",
        "issued_at": NOW - HOUR,
        "affects_from": NOW - DAY,
        "affects_to": NOW + HOUR,
        "texts": {"en": english},
        "contact": "privacy@kettle.example",
        "expires": NOW + 30 * DAY,
    }
    return document | changes


def incident(document: Document | None = None, signers: str = "issuing-a") -> bytes:
    """An incident notice's envelope."""
    return sign(INCIDENT_TYPE, incident_document() if document is None else document, signers)
