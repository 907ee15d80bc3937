"""What the relay believes of the organisation: its published roots and trust, verified. Pinned is the root it was set up with."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.trust_bundle import TrustBundle
from sotto_keys.shared.trust_chain import TrustState, judge_bundle
from sotto_wire.refusals import Unavailable

if TYPE_CHECKING:
    from sotto_server.ports import Unit


def believed(unit: Unit) -> TrustState:
    """The verified state; `Unavailable` until a trust document was published."""
    roots = tuple(each.envelope for each in unit.roots.find())
    trust = unit.trusts.newest()
    if not roots or trust is None:
        raise Unavailable("nothing published")
    return _judged(roots, trust.envelope)


@lru_cache(maxsize=4)
def _judged(roots: tuple[bytes, ...], trust: bytes) -> TrustState:
    """A pure function of published bytes, so its answers may be kept."""
    return judge_bundle(parse_envelope(roots[0]).digest, TrustBundle(roots=roots, trust=trust), memory=None)
