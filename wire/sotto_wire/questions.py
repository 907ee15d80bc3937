"""Where one question to the customer stands and what moves it: one table, read by relay, clients and docs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sotto_wire.refusals import WrongStage

if TYPE_CHECKING:
    from collections.abc import Mapping


class Standing(StrEnum):
    """Where a question stands."""

    NONE = "none"
    """Nobody asked."""
    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    DEFERRED = "deferred"
    """Closed without an answer: not now."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """Unanswered for too long, or given for a time that is over."""
    INVALIDATED = "invalidated"
    """The policy widened what was decided."""


class Event(StrEnum):
    """What moves it. The words of the ledger."""

    REQUEST = "request"
    GIVE = "give"
    REFUSE = "refuse"
    DEFER = "defer"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    INVALIDATE = "invalidate"
    RENEW = "renew"


NEXT: Final[Mapping[tuple[Standing, Event], Standing]] = {
    (Standing.NONE, Event.REQUEST): Standing.REQUESTED,
    (Standing.REQUESTED, Event.GIVE): Standing.GIVEN,
    (Standing.REQUESTED, Event.REFUSE): Standing.REFUSED,
    (Standing.REQUESTED, Event.DEFER): Standing.DEFERRED,
    (Standing.REQUESTED, Event.EXPIRE): Standing.EXPIRED,
    (Standing.GIVEN, Event.WITHDRAW): Standing.WITHDRAWN,
    (Standing.EXPIRED, Event.WITHDRAW): Standing.WITHDRAWN,
    (Standing.INVALIDATED, Event.WITHDRAW): Standing.WITHDRAWN,
    (Standing.GIVEN, Event.EXPIRE): Standing.EXPIRED,
    (Standing.GIVEN, Event.INVALIDATE): Standing.INVALIDATED,
    (Standing.GIVEN, Event.RENEW): Standing.GIVEN,
    (Standing.REFUSED, Event.REQUEST): Standing.REQUESTED,
    (Standing.DEFERRED, Event.REQUEST): Standing.REQUESTED,
    (Standing.WITHDRAWN, Event.REQUEST): Standing.REQUESTED,
    (Standing.EXPIRED, Event.REQUEST): Standing.REQUESTED,
    (Standing.INVALIDATED, Event.REQUEST): Standing.REQUESTED,
}


def moved(standing: Standing, event: Event) -> Standing:
    """Where it stands after `event`; what the table lacks is refused (`WrongStage`): no way from a refusal to a yes but a new question."""
    after = NEXT.get((standing, event))
    if after is None:
        raise WrongStage(f"{event} when {standing}")
    return after
