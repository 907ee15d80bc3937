"""Published documents: the root chain, trust, policies and notices of incidents, as the bytes that were signed."""

from __future__ import annotations

from msgspec import Struct

from sotto_wire.ids import Digest, Millis


class RootEntry(Struct, frozen=True):
    """One root of the chain."""

    version: int
    envelope: bytes
    kept_at: Millis


class TrustEntry(Struct, frozen=True):
    """The newest trust document; older ones are replaced."""

    version: int
    envelope: bytes
    kept_at: Millis


class PolicyEntry(Struct, frozen=True):
    """A policy file that some trust document listed."""

    digest: Digest
    body: bytes
    kept_at: Millis


class IncidentEntry(Struct, frozen=True):
    """A notice of an incident; a correction replaces it."""

    incident: str
    envelope: bytes
    issued_at: int
    affects_from: int
    affects_to: int
    expires_at: int
    kept_at: Millis
