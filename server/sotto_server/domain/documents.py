"""Published documents: the root chain, trust and policies, as the bytes that were signed."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from msgspec import Struct

from sotto_wire.ids import Digest, Millis

if TYPE_CHECKING:
    from collections.abc import Sequence


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


def b64url(octets: bytes) -> str:
    """base64url without padding, as everywhere in our JSON."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def trust_bundle(roots: Sequence[RootEntry], trust: TrustEntry) -> bytes:
    """The answer of `GET /v1/trust`: roots in ascending order, and the trust document."""
    chain = [b64url(each.envelope) for each in sorted(roots, key=lambda each: each.version)]
    return json.dumps({"roots": chain, "trust": b64url(trust.envelope)}).encode()
