"""What a conversation asks of the relay: the frames, and whether it may send now. The answers are `chat`'s to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_client.guests import standing_without
from sotto_client.own_commits import Plan
from sotto_keys.shared.trust_chain import Freshness
from sotto_wire.frames import Commit, Complain, Post

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.conversation import Conversation
    from sotto_client.world import World
    from sotto_keys.device.mls.committing import PendingCommit
    from sotto_wire.ids import Millis


def may_send(conversation: Conversation, world: World, *, at: Millis) -> bool:
    """Whether somebody but us reads, and all of them may: else what was written waits."""
    return (
        bool(conversation.outbox)
        and conversation.pending is None
        and len(conversation.member.group.roster()) > 1
        and conversation.memory.may_write(world.me)
        and world.keeper.freshness() is not Freshness.EXPIRED
        and not conversation.void_leaves(world.keeper.state, at=at)
    )


def sending_away(conversation: Conversation, world: World, *, at: Millis) -> Plan | None:
    """The customer's device removes whom the organisation no longer stands by, or whose decision is over; others only stop sending."""
    void = conversation.void_leaves(world.keeper.state, at=at)
    if not void or conversation.terms.customer_key != world.me:
        return None
    return Plan(remove=void, standing=standing_without(conversation, void))


def committing(conversation: Conversation, pending: PendingCommit) -> Callable[[int], Commit]:
    """The pending commit, as it is handed in."""
    return lambda ref: Commit(
        ref=ref,
        conversation=conversation.id,
        group=conversation.group,
        epoch=pending.group.epoch - 1,
        commit=pending.message,
        welcome=pending.welcome,
    )


def posting(sealed: Conversation) -> Callable[[int], Post]:
    """The sealed head of the outbox, as it is posted."""
    head = sealed.outbox[0]
    message = head.message
    assert message is not None, "the head was sealed"
    return lambda ref: Post(
        ref=ref, conversation=sealed.id, group=sealed.group, epoch=head.epoch, number=head.number, message=message
    )


def complaining(conversation: Conversation) -> Callable[[int], Complain]:
    """That we cannot follow from here."""
    name, group, epoch = conversation.id, conversation.group, conversation.member.epoch
    return lambda ref: Complain(ref=ref, conversation=name, group=group, epoch=epoch)
