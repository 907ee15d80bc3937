"""Members that came in as one device: by which decision, whether it still counts, and what leaves the standing list with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from sotto_client.conversation import Conversation
    from sotto_keys.shared.mls.group_memory import Admitted
    from sotto_wire.ids import Millis


def ended_leaves(conversation: Conversation, *, at: Millis) -> tuple[int, ...]:
    """Leaves whose own decision was withdrawn, or ran out by its own date: nothing is encrypted for them any more."""
    found = (
        conversation.member.group.find(each.device) for each in guests(conversation) if _is_over(conversation, each, at)
    )
    return tuple(each for each in found if each is not None)


def guests(conversation: Conversation) -> tuple[Admitted, ...]:
    """Whoever was let in by a decision for its one device, as far as we were there."""
    return tuple(each for each in conversation.memory.members if not each.is_team)


def standing_without(conversation: Conversation, leaves: Collection[int]) -> tuple[bytes, ...] | None:
    """The standing list once these leaves are gone; none where it stays as it is."""
    gone = {each.under for each in guests(conversation) if conversation.member.group.find(each.device) in leaves}
    standing = conversation.terms.standing
    kept = tuple(each for each in standing if each not in gone)
    return None if len(kept) == len(standing) else kept


def _is_over(conversation: Conversation, guest: Admitted, at: Millis) -> bool:
    claims = conversation.memory.decision(guest.under)
    return guest.under in conversation.withdrawn or (claims is not None and claims.expires_at <= at)
