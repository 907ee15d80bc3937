"""The bundle a relay serves (`GET /v1/trust`): all roots, ascending, and the newest trust document. Nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import Envelope, parse_envelope
from sotto_keys.shared.text_forms import from_base64url, to_base64url
from sotto_keys.shared.untrusted import Forked
from sotto_wire.limits import ROOT_HOPS


class _BundleText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    roots: Annotated[list[str], Meta(min_length=1)]
    trust: str


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """Envelopes as they were published, not yet believed."""

    roots: tuple[bytes, ...]
    trust: bytes

    def to_bytes(self) -> bytes:
        """The JSON that the relay serves."""
        return strict_json.write(
            _BundleText(roots=[to_base64url(each) for each in self.roots], trust=to_base64url(self.trust))
        )

    def root_envelopes(self) -> list[Envelope]:
        return [parse_envelope(each) for each in self.roots]


def parse_bundle(octets: bytes) -> TrustBundle:
    """A bundle taken apart; `Malformed`, or `Forked` for more roots than a chain may have."""
    text = strict_json.read(octets, _BundleText)
    if len(text.roots) > ROOT_HOPS + 1:
        raise Forked("too many roots")  # T26: an endless chain
    return TrustBundle(roots=tuple(from_base64url(each) for each in text.roots), trust=from_base64url(text.trust))
