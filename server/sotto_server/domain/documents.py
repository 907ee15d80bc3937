"""Published documents: the root chain, trust and policies, as the bytes that were signed."""

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
