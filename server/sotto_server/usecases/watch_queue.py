"""A desk's queue, as its agents may see it: counts and waits, nothing about who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from sotto_server.usecases.finding import seat_at
from sotto_wire.frames import Done, Queue, QueueEntry, WatchQueue
from sotto_wire.ids import DeskId
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Presence, Unit
    from sotto_wire.ids import Millis

SHOWN: Final = 50


def watch_queue(unit: Unit, asked: Asked[WatchQueue], /, *, now: Millis) -> Done:
    """A query. Refuses with `NotFound` or `NotSignedIn`."""
    seat_at(unit, DeskId(asked.frame.desk), by=asked.by, now=now)
    return Done(ref=asked.frame.ref)


def queue_of(unit: Unit, desk: DeskId, *, presence: Presence) -> Queue:
    waiting = [*unit.mail.waiting(desk, limit=SHOWN), *unit.mail.left(desk, limit=SHOWN)]
    return Queue(
        desk=desk,
        waiting=[_entry(each, presence=presence) for each in waiting],
        waiting_count=unit.mail.count(desk, Stage.WAITING),
        active_count=unit.mail.count(desk, Stage.PROPOSED, Stage.ACTIVE),
    )


def _entry(conversation: Conversation, *, presence: Presence) -> QueueEntry:
    return QueueEntry(
        conversation=conversation.id,
        site=conversation.site,
        waiting_since=conversation.waiting_since,
        why=_why(conversation),
        customer="here" if presence.is_here(conversation.customer) else "away",
    )


def _why(conversation: Conversation) -> Literal["new", "agent_gone", "message_left"]:
    if conversation.stage is Stage.LEFT:
        return "message_left"
    return "agent_gone" if conversation.has_shut_out_agent() else "new"
