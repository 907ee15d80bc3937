"""Conversations and envelopes in dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.mailbox import StoredEnvelope
    from sotto_wire.ids import ConversationId, DeskId, DeviceKey, Millis


class MemoryMailboxes:
    """See `ports.Mailboxes`."""

    def __init__(self) -> None:
        self._conversations: dict[int, Conversation] = {}
        self._envelopes: dict[tuple[int, int], StoredEnvelope] = {}
        self._last_key = 0
        self._on_forget: Callable[[int], None] | None = None

    def copy(self, *, on_forget: Callable[[int], None]) -> MemoryMailboxes:
        twin = MemoryMailboxes()
        twin._conversations, twin._envelopes = dict(self._conversations), dict(self._envelopes)
        twin._last_key, twin._on_forget = self._last_key, on_forget
        return twin

    def conversation(self, conversation: ConversationId) -> Conversation | None:
        return next((each for each in self._conversations.values() if each.id == conversation), None)

    def by_key(self, key: int) -> Conversation | None:
        return self._conversations.get(key)

    def open(self, conversation: Conversation) -> Conversation:
        self._last_key += 1
        kept = replace(conversation, key=self._last_key)
        self._conversations[kept.key] = kept
        return kept

    def keep(self, conversation: Conversation) -> None:
        self._conversations[conversation.key] = conversation
        self._drop(conversation.key, up_to=conversation.gone)

    def append(self, envelope: StoredEnvelope) -> None:
        self._envelopes[envelope.conversation, envelope.seq] = envelope
        self._drop(envelope.conversation, up_to=self._conversations[envelope.conversation].gone)

    def envelopes(
        self, conversation: int, *, reader: DeviceKey, after: int, until: int, limit: int
    ) -> list[StoredEnvelope]:
        found = [
            each
            for (key, seq), each in sorted(self._envelopes.items())
            if key == conversation and after < seq <= until and each.recipient in (None, reader)
        ]
        return found[:limit]

    def all_envelopes(self, conversation: int) -> list[StoredEnvelope]:
        """Whoever they are for."""
        return [each for (key, _), each in sorted(self._envelopes.items()) if key == conversation]

    def numbered(self, conversation: int, sender: DeviceKey, number: int) -> StoredEnvelope | None:
        wanted = (conversation, sender, number, "message")
        found = (
            each
            for each in self._envelopes.values()
            if (each.conversation, each.sender, each.number, each.kind) == wanted
        )
        return next(found, None)

    def waiting(self, desk: DeskId, *, limit: int) -> list[Conversation]:
        waiting = [each for each in self._all() if each.desk == desk and each.stage is Stage.WAITING]
        return sorted(waiting, key=lambda each: (each.waiting_since, each.key))[:limit]

    def left(self, desk: DeskId, *, limit: int) -> list[Conversation]:
        left = [each for each in self._all() if each.desk == desk and each.stage is Stage.LEFT]
        return sorted(left, key=lambda each: (each.waiting_since, each.key))[:limit]

    def count(self, desk: DeskId, *stages: Stage) -> int:
        return sum(each.desk == desk and each.stage in stages for each in self._all())

    def ahead_of(self, conversation: Conversation) -> int:
        place = (conversation.waiting_since, conversation.key)
        return sum((each.waiting_since, each.key) < place for each in self.waiting(conversation.desk, limit=2**62))

    def of_device(self, device: DeviceKey) -> list[Conversation]:
        return [
            each for each in self._all() if each.proposed == device or any(one.device == device for one in each.members)
        ]

    def expired(self, *, at: Millis, limit: int) -> list[tuple[int, int]]:
        due = [each for each in self._envelopes.values() if each.expires_at <= at]
        return [(each.conversation, each.seq) for each in sorted(due, key=lambda each: each.expires_at)][:limit]

    def to_close(self, *, at: Millis, idle_since: Millis, limit: int) -> list[Conversation]:
        return [
            each
            for each in self._all()
            if each.stage is not Stage.CLOSED and (each.closes_at <= at or _is_idle(each, since=idle_since))
        ][:limit]

    def over(self, *, idle_since: Millis, limit: int) -> list[Conversation]:
        busy = {key for key, _ in self._envelopes}
        return [
            each
            for each in self._all()
            if each.stage is Stage.CLOSED and each.active_at <= idle_since and each.key not in busy
        ][:limit]

    def forget(self, conversation: Conversation) -> None:
        del self._conversations[conversation.key]
        self._drop(conversation.key, up_to=2**62)
        if self._on_forget is not None:
            self._on_forget(conversation.key)

    def _all(self) -> list[Conversation]:
        return [each for _, each in sorted(self._conversations.items())]

    def _drop(self, key: int, *, up_to: int) -> None:
        for each in [each for each in self._envelopes if each[0] == key and each[1] <= up_to]:
            del self._envelopes[each]


def _is_idle(conversation: Conversation, *, since: Millis) -> bool:
    is_delivered = conversation.gone >= conversation.head
    return conversation.active_at <= since and is_delivered and conversation.stage is not Stage.LEFT
