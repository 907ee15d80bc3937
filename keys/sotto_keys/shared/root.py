"""The `root` document: which keys an organisation trusts for what. How one root follows another is `trust_chain`'s."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import ROOT_TYPE, Envelope, key_id, open_envelope
from sotto_keys.shared.text_forms import Base64Key, Hex32, Slug, Time, Version, check_name, from_base64url
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.ids import KEY_BYTES

MAX_KEYS_OF_A_ROLE: Final = 8


class Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may sign, and how many of them must."""

    keyids: Annotated[list[Hex32], Meta(min_length=1, max_length=MAX_KEYS_OF_A_ROLE)]
    threshold: Annotated[int, Meta(ge=1, le=MAX_KEYS_OF_A_ROLE)]

    def __post_init__(self) -> None:
        if len(set(self.keyids)) != len(self.keyids) or self.threshold > len(self.keyids):
            raise ValueError("role")


class Roles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two roles of a root."""

    root: Role
    issuing: Role


class RootDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A root's payload. `expires` in ms; `prev_sha256` is the digest of the previous root's payload, empty in version 1."""

    org: Slug
    name: str
    version: Version
    expires: Time
    prev_sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
    keys: dict[Hex32, Base64Key]
    roles: Roles

    def __post_init__(self) -> None:
        check_name(self.name)
        root, issuing = set(self.roles.root.keyids), set(self.roles.issuing.keyids)
        # An issuing key lives on a machine that is switched on every day; it must never count as a root key.
        if root & issuing or root | issuing != set(self.keys):
            raise ValueError("keys and roles")
        if (self.version == 1) != (self.prev_sha256 == ""):
            raise ValueError("prev_sha256")

    def keys_of(self, role: Role) -> list[bytes]:
        """The public keys of a role, 32 bytes each."""
        return [from_base64url(self.keys[each], length=KEY_BYTES) for each in role.keyids]


def parse_root(payload: bytes) -> RootDocument:
    """A root's payload, or `Malformed`. Nothing is proven by it."""
    document = strict_json.read(payload, RootDocument)
    for keyid, public in document.keys.items():
        if key_id(from_base64url(public, length=KEY_BYTES)) != keyid:
            raise Malformed("key id")
    return document


def verify_root(envelope: Envelope, by: RootDocument) -> None:
    """Refuses (`BadSignature`) unless `by`'s root keys signed the envelope, in the number that `by` asks for."""
    role = by.roles.root
    open_envelope(envelope, ROOT_TYPE, keys=by.keys_of(role), threshold=role.threshold)
