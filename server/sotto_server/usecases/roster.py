"""What an allowed commit does to the members the relay keeps: who joins from where, who leaves at what, who must be silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.conversation import Conversation, Member, Role
from sotto_wire.ids import Millis
from sotto_wire.limits import CONVERSATION_LIFE_MS
from sotto_wire.refusals import WrongStage
from sotto_wire.stages import Act, Stage

if TYPE_CHECKING:
    from sotto_keys.shared.mls.group_memory import GroupMemory
    from sotto_keys.shared.mls.verdict import Newcomer, Verdict
    from sotto_wire.ids import DeviceKey


def after_commit(
    conversation: Conversation, verdict: Verdict, memory: GroupMemory, *, seq: int, now: Millis
) -> Conversation:
    """The conversation with its roster and stage after the commit at `seq`; a newcomer's first envelope is its own welcome.

    `WrongStage` for an Add of an agent that the desk did not offer, while another is on offer; for an agent's Add always: nobody is
    handed a conversation that they did not accept, or no longer.
    """
    after = conversation
    for device in verdict.removed:
        after = _without(after, device, seq=seq)
    for place, newcomer in enumerate(verdict.added, start=seq + 1):
        after = _with(after, newcomer, since=place - 1)
    after = _settled(_hushed(after, memory), memory)
    return _stage(after, verdict, now=now)


def _without(conversation: Conversation, device: DeviceKey, *, seq: int) -> Conversation:
    """It still gets the commit that removes it, and nothing after."""
    member = conversation.member(device)
    return conversation.with_member(replace(member, until=seq))


def _with(conversation: Conversation, newcomer: Newcomer, *, since: int) -> Conversation:
    role: Role = "agent" if newcomer.is_team else "guest"
    earlier = next((each for each in conversation.members if each.device == newcomer.device), None)
    member = earlier or Member(device=newcomer.device, role=role, since=since)
    if not member.frozen:
        member = replace(member, since=since, acked=since)
    # The message counter goes on over several stays: a number is never given twice (T18).
    return conversation.with_member(replace(member, role=role, until=None, blocked=False, frozen=False, stuck=False))


def _settled(conversation: Conversation, memory: GroupMemory) -> Conversation:
    """Whoever the customer sent away is out of the group too: messages are taken again."""
    inside = {each.device for each in memory.members}
    is_waiting = any(each.until is not None and each.device in inside for each in conversation.members)
    return conversation if is_waiting else replace(conversation, reserved_at=None)


def _hushed(conversation: Conversation, memory: GroupMemory) -> Conversation:
    after = conversation
    for member in conversation.members:
        hushed = not memory.may_write(member.device)
        if member.hushed is not hushed:
            after = after.with_member(replace(member, hushed=hushed))
    return after


def _stage(conversation: Conversation, verdict: Verdict, *, now: Millis) -> Conversation:
    after = conversation
    if not verdict.by_customer and after.stage is not Stage.ACTIVE:
        # A device on call has read what was left: it answers, and whoever took it meanwhile is too late.
        closes_at = Millis(now + CONVERSATION_LIFE_MS)
        after = replace(after.after(Act.ANSWER), proposed=None, closes_at=closes_at)
    if verdict.added:
        devices = {each.device for each in verdict.added}
        is_offered = after.proposed in devices
        if not is_offered and (after.stage is Stage.PROPOSED or not verdict.by_customer):
            raise WrongStage("another device is on offer, or none")
        after = after.after(Act.ADMIT)
        after = replace(after, proposed=None) if is_offered else after
    is_left = after.stage is Stage.ACTIVE or (after.stage is Stage.LEFT and bool(verdict.removed))
    if is_left and not after.has_agent():
        after = replace(after.after(Act.DESK_LEFT), waiting_since=now)
    return replace(after, gone=max(after.gone, after.delivered_floor()))
