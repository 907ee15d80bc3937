"""What the relay's card of a conversation makes of ours: its stage, a later group, and whether our state is an older copy. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sotto_client.entries import Gap
from sotto_client.outbox import counted
from sotto_wire.ids import Millis
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_client.conversation import Conversation
    from sotto_wire.frames import ConversationCard
    from sotto_wire.ids import DeviceKey

ANOTHER_GROUP: Final = "another_group"
"""`broken` of a customer's device whose conversation went on without it."""
SET_BACK: Final = "relay_set_back"
"""`broken` where the relay shows less than this device has already processed: it was restored from an older copy, or lies."""


def carded(conversation: Conversation, card: ConversationCard, *, me: DeviceKey) -> Conversation:
    """In the stage that the card tells. A later group lets an agent's device in again; the customer's own would have opened it."""
    after = replace(conversation, stage=Stage(card.stage), closes_at=Millis(card.closes_at))
    if card.group > after.group and after.terms.customer_key != me:
        return replace(after, goes_on_in=card.group)
    if card.group != after.group:
        return replace(after, broken=after.broken or ANOTHER_GROUP, pending=None)
    return after


def compared(conversation: Conversation, card: ConversationCard) -> Conversation:
    """After the relay's numbers. T23: a state that stands before what it acknowledged is an older one, copied back onto this disk.

    In the same epoch new keys are enough; where commits were missed they may be gone, and this device cannot follow.
    """
    is_behind = card.head < conversation.cursor or card.last_number < conversation.number
    if card.group == conversation.group and is_behind:
        # T59: to go on would merge two histories in silence.
        return replace(conversation, broken=conversation.broken or SET_BACK, pending=None)
    after = counted(conversation, card.last_number)
    is_older = card.group == after.group and card.acked > after.cursor and not after.is_closed
    if not is_older:
        return after
    if card.epoch != after.member.epoch:
        return after.stuck()
    missed = Gap(at=after.memory.committed_at, seq=card.acked)
    return replace(after.with_entry(missed), cursor=card.acked, is_old=True)
