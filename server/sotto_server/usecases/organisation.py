"""What a snippet and a device request must name: the pinned root, the organisation, the desks of a site. Queries only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.root import parse_root
from sotto_server.usecases.believed import believed
from sotto_wire.ids import Digest
from sotto_wire.refusals import Unavailable

if TYPE_CHECKING:
    from sotto_keys.shared.dsse import Envelope
    from sotto_server.domain.documents import PolicyEntry
    from sotto_server.ports import Unit
    from sotto_wire.ids import DeskId, Millis, SiteId


def pinned_root(unit: Unit, _: None, /, *, now: Millis) -> Digest:  # noqa: ARG001 - the shape of a query
    """The digest of the root this relay was set up with; `Unavailable` before that."""
    return _first(unit).digest


def organisation_id(unit: Unit, _: None, /, *, now: Millis) -> str:  # noqa: ARG001 - the shape of a query
    """The organisation's short name, as its root says it."""
    return parse_root(_first(unit).payload).org


def desks_of_site(unit: Unit, site: SiteId, /, *, now: Millis) -> tuple[DeskId, ...]:  # noqa: ARG001 - the shape of a query
    """The desks of this site; none where there is no such site."""
    return tuple(each.desk for each in unit.site_desks.find(site=site))


def policy_in_force(unit: Unit, _: None, /, *, now: Millis) -> Digest | None:
    """The policy whose notice stands before a new conversation."""
    held = policy_held(unit, None, now=now)
    return None if held is None else held.digest


def policy_held(unit: Unit, _: None, /, *, now: Millis) -> PolicyEntry | None:
    """The newest policy that trust lists and that we hold; none where there is none."""
    try:
        listed = believed(unit).trust.policies
    except Unavailable:
        return None
    in_force = sorted((each for each in listed if each.nbf <= now < each.exp), key=lambda each: -each.nbf)
    found = (unit.policies.get(Digest(bytes.fromhex(each.digest))) for each in in_force)
    return next((each for each in found if each is not None), None)


def _first(unit: Unit) -> Envelope:
    root = next(iter(unit.roots.find()), None)
    if root is None:
        raise Unavailable("not set up with a root")
    return parse_envelope(root.envelope)
