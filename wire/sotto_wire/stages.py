"""Where a conversation stands and what moves it: one table, read by relay, clients and docs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sotto_wire.refusals import WrongStage

if TYPE_CHECKING:
    from collections.abc import Mapping


class Stage(StrEnum):
    """Where a conversation stands."""

    WAITING = "waiting"
    """Opened by the customer; nobody of the desk has taken it."""
    PROPOSED = "proposed"
    """An agent took it; the customer's device has not added that agent yet."""
    LEFT = "left"
    """Nobody was there and the customer left a message: devices on call are members, the first that reads it answers."""
    ACTIVE = "active"
    """An agent of the desk is a member."""
    CLOSED = "closed"
    """Over: nothing more is accepted, what is undelivered still goes out until it expires."""


class Act(StrEnum):
    """What moves a conversation."""

    TAKE = "take"
    LEAVE = "leave"
    ADMIT = "admit"
    ANSWER = "answer"
    COMMIT = "commit"
    POST = "post"
    DESK_LEFT = "desk_left"
    CONTINUE = "continue"
    CLOSE = "close"


NEXT: Final[Mapping[tuple[Stage, Act], Stage]] = {
    (Stage.WAITING, Act.TAKE): Stage.PROPOSED,
    (Stage.WAITING, Act.LEAVE): Stage.LEFT,
    (Stage.WAITING, Act.ANSWER): Stage.ACTIVE,
    (Stage.WAITING, Act.COMMIT): Stage.WAITING,
    (Stage.WAITING, Act.POST): Stage.WAITING,
    (Stage.WAITING, Act.CONTINUE): Stage.WAITING,
    (Stage.WAITING, Act.CLOSE): Stage.CLOSED,
    (Stage.LEFT, Act.LEAVE): Stage.LEFT,
    (Stage.LEFT, Act.TAKE): Stage.PROPOSED,
    (Stage.LEFT, Act.ADMIT): Stage.LEFT,
    (Stage.LEFT, Act.ANSWER): Stage.ACTIVE,
    (Stage.LEFT, Act.COMMIT): Stage.LEFT,
    (Stage.LEFT, Act.POST): Stage.LEFT,
    (Stage.LEFT, Act.DESK_LEFT): Stage.WAITING,
    (Stage.LEFT, Act.CONTINUE): Stage.WAITING,
    (Stage.LEFT, Act.CLOSE): Stage.CLOSED,
    (Stage.PROPOSED, Act.ADMIT): Stage.ACTIVE,
    (Stage.PROPOSED, Act.ANSWER): Stage.ACTIVE,
    (Stage.PROPOSED, Act.COMMIT): Stage.PROPOSED,
    (Stage.PROPOSED, Act.POST): Stage.PROPOSED,
    (Stage.PROPOSED, Act.DESK_LEFT): Stage.WAITING,
    (Stage.PROPOSED, Act.CONTINUE): Stage.PROPOSED,
    (Stage.PROPOSED, Act.CLOSE): Stage.CLOSED,
    (Stage.ACTIVE, Act.ADMIT): Stage.ACTIVE,
    (Stage.ACTIVE, Act.COMMIT): Stage.ACTIVE,
    (Stage.ACTIVE, Act.POST): Stage.ACTIVE,
    (Stage.ACTIVE, Act.DESK_LEFT): Stage.WAITING,
    (Stage.ACTIVE, Act.CONTINUE): Stage.PROPOSED,
    (Stage.ACTIVE, Act.CLOSE): Stage.CLOSED,
}


def advance(stage: Stage, act: Act) -> Stage:
    """The stage after `act`; what the table lacks is refused (`WrongStage`)."""
    after = NEXT.get((stage, act))
    if after is None:
        raise WrongStage(f"{act} in {stage}")
    return after
