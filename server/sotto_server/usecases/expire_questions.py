"""What time does to questions: a request nobody answered is over, a decision given for a while has run out. The relay only states it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_server.usecases.state_ending import state_ending
from sotto_wire.questions import Event

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def expire_questions(unit: Unit, limit: int, *, now: Millis, signer: Signer) -> int:
    """Up to `limit` of them. Clients compute expiry from the decision itself; whoever is still in, the customer's device removes."""
    due = unit.questions.due("ends_at", at=now, limit=limit)
    for each in due:
        state_ending(unit, each, Event.EXPIRE, now=now, signer=signer)
    return len(due)
