"""The part of an agent's line that hears of decisions for single devices: questions to customers, and being let in by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_wire.ids import ConversationId

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from sotto_client.chat import Chat
    from sotto_wire.frames import ConversationCard, RequestChanged


class Invitations:
    """Mixed into `AgentLine`, whose conversations it uses."""

    _proposed: dict[ConversationId, ConversationCard]
    chats: dict[ConversationId, Chat]

    def __init__(self) -> None:
        self._invited: list[ConversationId] = []
        self.questions: dict[bytes, RequestChanged] = {}

    async def _try(self, asking: Awaitable[None]) -> None:
        raise NotImplementedError

    async def expect(self, card: ConversationCard) -> None:
        raise NotImplementedError

    def _is_to_join(self, name: ConversationId) -> bool:
        raise NotImplementedError

    async def _hear_of_invitation(self, card: ConversationCard) -> None:
        """By a decision for this one device: nothing was taken here, the customer's device added us."""
        name = ConversationId(card.conversation)
        earlier = self.chats.get(name)
        is_new = earlier is None or card.since > earlier.conversation.cursor
        if card.stage == "active" and is_new and self._is_to_join(name) and name not in self._proposed:
            self._invited.append(name)
            await self._try(self.expect(card))

    def next_invitation(self) -> Chat | None:
        """A conversation that we were let in to without having taken it; each once."""
        joined = next((each for each in self._invited if not self._is_to_join(each)), None)
        if joined is None:
            return None
        self._invited.remove(joined)
        return self.chats[joined]
