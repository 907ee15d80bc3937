"""An agent's offer to hand a conversation over to a colleague, until the colleague's device was added or it came to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from sotto_wire.handoffs import OPEN, HandoffStanding, advance_handoff
from sotto_wire.ids import AgentId, DeviceKey, Millis
from sotto_wire.limits import HANDOFF_ANSWER_MS, HANDOFF_TOLD_MS

if TYPE_CHECKING:
    from sotto_wire.handoffs import HandoffAct


class Handoff(Struct, frozen=True):
    """At most one a conversation."""

    conversation: int
    giver: DeviceKey
    to: AgentId | None
    """Who was asked; none: anyone of the desk."""
    standing: HandoffStanding
    taker: DeviceKey | None
    """The device that accepted."""
    lapses_at: Millis
    """When it is given up, or forgotten where it came to nothing."""

    @property
    def is_open(self) -> bool:
        """Something may still come of it."""
        return self.standing in OPEN

    def is_for(self, agent: AgentId | None) -> bool:
        return self.to is None or self.to == agent

    def after(self, act: HandoffAct, *, now: Millis, taker: DeviceKey | None = None) -> Handoff:
        """The offer after `act`; `WrongStage` where the table has no such move."""
        standing = advance_handoff(self.standing, act)
        wait = HANDOFF_ANSWER_MS if standing in OPEN else HANDOFF_TOLD_MS
        return replace(self, standing=standing, taker=taker or self.taker, lapses_at=Millis(now + wait))


def asked(conversation: int, giver: DeviceKey, *, to: AgentId | None, now: Millis) -> Handoff:
    """A new offer."""
    until = Millis(now + HANDOFF_ANSWER_MS)
    return Handoff(conversation=conversation, giver=giver, to=to, standing="asked", taker=None, lapses_at=until)
