"""What a batch has decided and not written yet: conversations as they are now beside as they are stored, and new envelopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_server.adapters.store.plan import write

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.mailbox import StoredEnvelope
    from sotto_wire.ids import ConversationId

KNOWN_AT_MOST: Final = 20_000
"""Conversations remembered between batches: about 20 MB."""


class Overlay:
    """Memory of the writer thread. Thrown away after every fault, and when another process has written."""

    def __init__(self) -> None:
        self._known: dict[ConversationId, Conversation] = {}
        self._names: dict[int, ConversationId] = {}
        self._stored: dict[int, Conversation] = {}
        self._appended: list[StoredEnvelope] = []

    def get(self, conversation: ConversationId) -> Conversation | None:
        return self._known.get(conversation)

    def name_of(self, key: int) -> ConversationId | None:
        return self._names.get(key)

    def learn(self, stored: Conversation) -> None:
        """This is what the database holds."""
        self._known[stored.id] = stored
        self._names[stored.key] = stored.id

    def change(self, now: Conversation) -> None:
        """A use case that ended well changed it."""
        self._stored.setdefault(now.key, self._known[now.id])
        self._known[now.id] = now

    def append(self, envelopes: list[StoredEnvelope]) -> None:
        self._appended += envelopes

    def drop(self, conversation: Conversation) -> None:
        """It was removed from the database."""
        self._known.pop(conversation.id, None)
        self._names.pop(conversation.key, None)
        self._stored.pop(conversation.key, None)

    def flush(self, connection: Connection) -> None:
        """Write everything decided so far; it is committed later."""
        if self._stored or self._appended:
            changed = [(before, self._known[before.id]) for before in self._stored.values()]
            write(connection, changed, self._appended)
            self._stored, self._appended = {}, []

    def forget(self) -> None:
        """Remember nothing: the database is truth."""
        self.__init__()  # type: ignore[misc]

    def trim(self) -> None:
        """Between batches, when everything is written: keep memory bounded."""
        if len(self._known) > KNOWN_AT_MOST:
            self.forget()
