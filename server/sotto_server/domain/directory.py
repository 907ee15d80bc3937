"""Devices, their credentials and their key packages, as the relay keeps them for those who need them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from sotto_wire.ids import AgentId, CredentialId, DeviceKey, Millis

DeviceState = Literal["unknown", "pending", "issued", "revoked"]


class Device(Struct, frozen=True):
    """An agent's device: known since its first `hello`, pending once it asked for a credential."""

    device: DeviceKey
    agent: AgentId
    label: str
    seen_at: Millis
    requested_at: Millis | None


class CredentialEntry(Struct, frozen=True):
    """A credential an officer signed, as published; what it says beyond these columns is read from the envelope."""

    credential: CredentialId
    device: DeviceKey
    issued_at: Millis
    """Its `nbf`."""
    expires_at: Millis
    envelope: bytes
    void: bool
    """Revoked, or signed by a key that may no longer issue. Judged again whenever root or trust change."""
    kept_at: Millis


class KeyPackageEntry(Struct, frozen=True):
    """A key package of a device; single-use ones leave when they are claimed."""

    reference: bytes
    device: DeviceKey
    last_resort: bool
    expires_at: Millis
    package: bytes


class Offer(Struct, frozen=True):
    """The key package claimed for a conversation, shown to the customer's device until it has been added."""

    conversation: int
    device: DeviceKey
    package: bytes
    offered_at: Millis
