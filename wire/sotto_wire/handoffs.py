"""How an offer to take over a conversation stands and what moves it: one table, read by relay, clients and docs.

Only the offer: from the Add on, the group itself knows that a handoff is open (`GroupMemory.handoff`), and the offer is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

from sotto_wire.refusals import WrongStage

if TYPE_CHECKING:
    from collections.abc import Mapping

HandoffStanding = Literal["asked", "accepted", "declined", "lapsed", "gone"]
HandoffAct = Literal["accept", "decline", "lapse", "fall_away"]

STANDINGS: Final[tuple[HandoffStanding, ...]] = get_args(HandoffStanding)
ACTS: Final[tuple[HandoffAct, ...]] = get_args(HandoffAct)
OPEN: Final[frozenset[HandoffStanding]] = frozenset({"asked", "accepted"})
"""Something may still come of it."""

NEXT: Final[Mapping[tuple[HandoffStanding, HandoffAct], HandoffStanding]] = {
    ("asked", "accept"): "accepted",
    ("asked", "decline"): "declined",
    ("asked", "lapse"): "lapsed",
    ("accepted", "decline"): "declined",
    ("accepted", "lapse"): "lapsed",
    ("accepted", "fall_away"): "gone",
}


def advance_handoff(standing: HandoffStanding, act: HandoffAct) -> HandoffStanding:
    """The standing after `act`; what the table lacks is refused (`WrongStage`)."""
    after = NEXT.get((standing, act))
    if after is None:
        raise WrongStage(f"{act} of a handoff that is {standing}")
    return after
