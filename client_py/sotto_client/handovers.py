"""The part of an agent's line that hears of handoffs: offers that stand, who accepted, and what came of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sotto_client.handing_over import is_changing_keys
from sotto_wire.frames import CallOff, Handoffs
from sotto_wire.ids import ConversationId
from sotto_wire.refusals import WrongStage

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from sotto_client.agent_line import AgentBeginning
    from sotto_client.chat import Chat
    from sotto_client.handing_over import HandingOver
    from sotto_client.link import Link
    from sotto_keys.shared.untrusted import Untrusted
    from sotto_wire.frames import ConversationCard, Proposal
    from sotto_wire.refusals import Refused


class Handovers:
    """Mixed into `AgentLine`, whose conversations and link it uses."""

    _begin: AgentBeginning
    _proposed: dict[ConversationId, ConversationCard]
    _following: set[ConversationId]
    chats: dict[ConversationId, Chat]
    handing: dict[ConversationId, HandingOver]
    handoffs: Handoffs
    link: Link

    async def _try(self, asking: Awaitable[None]) -> None:
        raise NotImplementedError

    def _refuse(self, name: ConversationId, error: Refused | Untrusted) -> None:
        raise NotImplementedError

    async def _hear_of_handing(self, frame: Proposal | Handoffs) -> None:
        if isinstance(frame, Handoffs):
            await self._hear_of_handoffs(frame)
        elif (chat := self.chats.get(ConversationId(frame.conversation))) is not None:
            self.handing[chat.conversation.id].offer(frame)
            chat.look_again()

    async def _hear_of_handoffs(self, frame: Handoffs) -> None:
        self.handoffs = frame
        for card in frame.given:
            handing = self.handing.get(ConversationId(card.conversation))
            if handing is None or not handing.told(card):
                await self._try(self.call_off(ConversationId(card.conversation)))
        offered = {ConversationId(card.conversation) for card in frame.offered}
        for name, taken in list(self._proposed.items()):
            # Only what is handed over is active before we are in it.
            if taken.stage == "active" and name in self._following and name not in offered:
                self._refuse(name, WrongStage("nothing came of the handoff"))

    def _look_later(self, name: ConversationId, wait_s: float) -> None:
        async def look() -> None:
            await asyncio.sleep(wait_s)
            self.chats[name].look_again()

        self._begin.life.spawn(look())

    def ended(self, name: ConversationId) -> str | None:
        """How our handing over ended; none while that is open."""
        chat, handing = self.chats[name], self.handing[name]
        conversation = chat.conversation
        if conversation.broken is not None or conversation.is_closed:
            return conversation.broken or "closed"
        if handing.is_asked or is_changing_keys(conversation, me=self._begin.keys.key.public):
            return None
        return handing.outcome or "kept"

    async def call_off(self, name: ConversationId) -> None:
        """Keep it after all, or do not take it."""
        handing = self.handing.get(name)
        if handing is not None:
            handing.forget(None)
        await self.link.ask(lambda ref: CallOff(ref=ref, conversation=name))
