"""What an agent's device commits by itself: where a message was left for it, the commit that makes the conversation its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_client.own_commits import Plan

if TYPE_CHECKING:
    from sotto_client.conversation import Conversation, Situation
    from sotto_wire.ids import DeviceKey


class Answering:
    """The first on call that reads puts the others out, with new keys; alone it renews its own. Only when told to: a person reads."""

    def __init__(self, me: DeviceKey) -> None:
        self._me = me
        self.is_wanted = False

    async def plan(self, conversation: Conversation, situation: Situation) -> Plan | None:
        """Nothing where somebody else was first."""
        if not (self.is_wanted and conversation.is_left_for(self._me)):
            return None
        return Plan(remove=conversation.others_on_call(self._me, situation.trust))

    async def stuck(self, conversation: Conversation) -> None:  # noqa: ARG002 - see Planner
        return

    def taken(self, receipt: bytes) -> None:  # noqa: ARG002 - see Planner
        return

    def failed(self, plan: Plan, code: str) -> None:  # noqa: ARG002 - see Planner
        """Whoever was faster has won; their commit comes in its order."""
        self.is_wanted = False
