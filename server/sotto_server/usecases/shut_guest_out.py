"""A guest's decision is over: nothing more reaches its device but the commit that removes it, and the next commit is the customer's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_server.domain.rings import look_at
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation
    from sotto_server.ports import Unit
    from sotto_wire.ids import DeviceKey, Millis


def shut_guest_out(unit: Unit, conversation: Conversation, device: DeviceKey, *, now: Millis) -> None:
    """Nothing happens where the device never came in, or the conversation is closed; everybody in it is told either way."""
    told = {each.device for each in conversation.current()}
    is_member = any(each.device == device for each in conversation.members)
    if is_member and conversation.stage is not Stage.CLOSED:
        unit.mail.keep(conversation.without_guest(device, now=now))
    unit.ring(look_at(conversation.id, told))
