"""Published documents, for whoever asks. Queries only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sotto_keys.shared.trust_chain import Freshness
from sotto_server.usecases.believed import believed
from sotto_server.usecases.finding import trust_bundle_of
from sotto_wire.refusals import NotFound, Unavailable

if TYPE_CHECKING:
    from sotto_server.ports import Unit
    from sotto_wire.ids import Digest, Millis

TrustStanding = Literal["ok", "missing", "expired"]


def show_trust(unit: Unit, _: None, /, *, now: Millis) -> bytes:  # noqa: ARG001 - the shape of a query
    """What `GET /v1/trust` answers; `NotFound` before the first trust document."""
    bundle = trust_bundle_of(unit)
    if bundle is None:
        raise NotFound("nothing published")
    return bundle


def show_policy(unit: Unit, digest: Digest, /, *, now: Millis) -> bytes:  # noqa: ARG001 - the shape of a query
    """The policy file with this digest, or `NotFound`."""
    policy = unit.policies.get(digest)
    if policy is None:
        raise NotFound("no such policy")
    return policy.body


def show_trust_standing(unit: Unit, _: None, /, *, now: Millis) -> TrustStanding:
    """Whether clients would believe what is served now."""
    try:
        return "ok" if believed(unit).freshness(now) is Freshness.FRESH else "expired"
    except Unavailable:
        return "missing"
