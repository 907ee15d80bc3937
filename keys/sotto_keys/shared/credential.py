"""The `credential` document: whose device a leaf key is, in which roles, for which desks. Revocation is judged in `trust_chain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import CREDENTIAL_TYPE, Envelope, open_envelope
from sotto_keys.shared.text_forms import Base64Key, Slug, Time, check_name, from_base64url
from sotto_wire.ids import KEY_BYTES, DeviceKey

if TYPE_CHECKING:
    from sotto_keys.shared.root import RootDocument

ROLE_AGENT = "agent"
ROLE_ON_CALL = "on_call"
"""Beside `agent`: this device is added when a message is left while nobody is there."""
KIND_HUMAN = "human"

Slugs = Annotated[list[Slug], Meta(max_length=32)]


class Credential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credential's payload. `device` is a label, `leaf_key` the device; valid from `nbf` until before `exp` (ms)."""

    org: Slug
    cred_id: Slug
    person: Slug
    device: str
    leaf_key: Base64Key
    name: str
    kind: Literal["human", "bot"]
    roles: Slugs
    desks: Slugs
    nbf: Time
    exp: Time

    def __post_init__(self) -> None:
        check_name(self.name)
        check_name(self.device)
        from_base64url(self.leaf_key, length=KEY_BYTES)
        if self.nbf >= self.exp:
            raise ValueError("nbf and exp")

    @property
    def device_key(self) -> DeviceKey:
        """The device: its Ed25519 public key."""
        return DeviceKey(from_base64url(self.leaf_key, length=KEY_BYTES))


def open_credential(envelope: Envelope, root: RootDocument) -> Credential:
    """The credential that `root`'s issuing keys signed: a removed key voids all it signed. `BadSignature`, then `Malformed`."""
    role = root.roles.issuing
    payload = open_envelope(envelope, CREDENTIAL_TYPE, keys=root.keys_of(role), threshold=role.threshold)
    return strict_json.read(payload, Credential)


def is_on_call(credential: Credential, desk: str) -> bool:
    """Whether this is a person's device that answers for the desk and is on call for it."""
    roles = {ROLE_AGENT, ROLE_ON_CALL}
    return credential.kind == KIND_HUMAN and roles <= set(credential.roles) and desk in credential.desks
