"""Conversations and envelopes within one use case: decided in memory, written by the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.adapters.store.plan import (
    SELECT_CONVERSATION,
    SELECT_ENVELOPE,
    envelope_from,
    insert_conversation,
    read_conversation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from sotto_server.adapters.store.overlay import Overlay
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.mailbox import StoredEnvelope
    from sotto_wire.ids import ConversationId, DeskId, DeviceKey, Millis
    from sotto_wire.stages import Stage


class SqlMailboxes:
    """See `ports.Mailboxes`. `before_write` gives the use case its savepoint, for what is written at once."""

    def __init__(self, connection: Connection, overlay: Overlay, *, before_write: Callable[[], None]) -> None:
        self._connection, self._overlay, self._before_write = connection, overlay, before_write
        self._staged: dict[ConversationId, Conversation] = {}
        self._opened: list[Conversation] = []
        self._appended: list[StoredEnvelope] = []
        self._forgotten: list[Conversation] = []

    def merge(self) -> None:
        """The use case ended well: later ones of the batch see what it decided."""
        for each in self._opened:
            self._overlay.learn(each)
        for each in self._staged.values():
            self._overlay.change(each)
        self._overlay.append(self._appended)
        for each in self._forgotten:
            self._overlay.drop(each)

    def conversation(self, conversation: ConversationId) -> Conversation | None:
        found = self._staged.get(conversation) or self._overlay.get(conversation)
        return found or self._load("id = ?", conversation)

    def by_key(self, key: int) -> Conversation | None:
        name = self._overlay.name_of(key)
        return self._load("key = ?", key) if name is None else self.conversation(name)

    def open(self, conversation: Conversation) -> Conversation:
        self._before_write()
        kept = replace(conversation, key=insert_conversation(self._connection, conversation))
        self._opened.append(kept)
        self._staged[kept.id] = kept
        return kept

    def keep(self, conversation: Conversation) -> None:
        self._staged[conversation.id] = conversation

    def append(self, envelope: StoredEnvelope) -> None:
        self._appended.append(envelope)

    def envelopes(
        self, conversation: int, *, reader: DeviceKey, after: int, until: int, limit: int
    ) -> list[StoredEnvelope]:
        return self._envelopes(
            "conversation = ? AND seq > ? AND seq <= ? AND (recipient IS NULL OR recipient = ?) ORDER BY seq LIMIT ?",
            (conversation, after, until, reader, limit),
        )

    def numbered(self, conversation: int, sender: DeviceKey, number: int) -> StoredEnvelope | None:
        found = self._envelopes(
            "conversation = ? AND sender = ? AND number = ? AND kind = 'message'", (conversation, sender, number)
        )
        return found[0] if found else None

    def waiting(self, desk: DeskId, *, limit: int) -> list[Conversation]:
        return self._list("desk = ? AND stage = 'waiting' ORDER BY waiting_since, key LIMIT ?", desk, limit)

    def left(self, desk: DeskId, *, limit: int) -> list[Conversation]:
        return self._list("desk = ? AND stage = 'left' ORDER BY waiting_since, key LIMIT ?", desk, limit)

    def count(self, desk: DeskId, *stages: Stage) -> int:
        self._overlay.flush(self._connection)
        places = ", ".join("?" * len(stages))
        asked = f"SELECT count(*) FROM conversation WHERE desk = ? AND stage IN ({places})"  # noqa: S608 - question marks only
        values = (desk, *(each.value for each in stages))
        return int(self._connection.exec_driver_sql(asked, values).scalar_one())

    def ahead_of(self, conversation: Conversation) -> int:
        self._overlay.flush(self._connection)
        asked = (
            "SELECT count(*) FROM conversation WHERE desk = ? AND stage = 'waiting' AND (waiting_since, key) < (?, ?)"
        )
        values = (conversation.desk, conversation.waiting_since, conversation.key)
        return int(self._connection.exec_driver_sql(asked, values).scalar_one())

    def of_device(self, device: DeviceKey) -> list[Conversation]:
        return self._list(
            "key IN (SELECT conversation FROM member WHERE device = ?) OR proposed = ? ORDER BY key", device, device
        )

    def expired(self, *, at: Millis, limit: int) -> list[tuple[int, int]]:
        self._overlay.flush(self._connection)
        asked = "SELECT conversation, seq FROM envelope WHERE expires_at <= ? ORDER BY expires_at, key LIMIT ?"
        return [(int(row[0]), int(row[1])) for row in self._connection.exec_driver_sql(asked, (at, limit))]

    def to_close(self, *, at: Millis, idle_since: Millis, limit: int) -> list[Conversation]:
        return self._list(
            "stage <> 'closed' AND (closes_at <= ? OR (active_at <= ? AND gone >= head AND stage <> 'left'))"
            " ORDER BY key LIMIT ?",
            at,
            idle_since,
            limit,
        )

    def over(self, *, idle_since: Millis, limit: int) -> list[Conversation]:
        return self._list(
            "stage = 'closed' AND active_at <= ?"
            " AND NOT EXISTS (SELECT 1 FROM envelope WHERE envelope.conversation = conversation.key) ORDER BY key LIMIT ?",
            idle_since,
            limit,
        )

    def forget(self, conversation: Conversation) -> None:
        self._before_write()
        self._connection.exec_driver_sql("DELETE FROM conversation WHERE key = ?", (conversation.key,))
        self._staged.pop(conversation.id, None)
        self._forgotten.append(conversation)

    def _load(self, where: str, value: object) -> Conversation | None:
        asked = f"{SELECT_CONVERSATION} WHERE {where}"
        row = self._connection.exec_driver_sql(asked, (value,)).first()
        if row is None:
            return None
        loaded = self._learn(row)
        return self._staged.get(loaded.id, loaded)

    def _list(self, where: str, *values: object) -> list[Conversation]:
        self._overlay.flush(self._connection)
        rows = self._connection.exec_driver_sql(f"{SELECT_CONVERSATION} WHERE {where}", values).all()
        return [self._overlay.get(row[1]) or self._learn(row) for row in rows]

    def _learn(self, row: Sequence[object]) -> Conversation:
        """Whoever lists conversations may keep them changed, and a change is written against what was stored."""
        loaded = read_conversation(self._connection, row)
        self._overlay.learn(loaded)
        return loaded

    def _envelopes(self, where: str, values: tuple[object, ...]) -> list[StoredEnvelope]:
        self._overlay.flush(self._connection)
        rows = self._connection.exec_driver_sql(f"{SELECT_ENVELOPE} WHERE {where}", values)
        return [envelope_from(row) for row in rows]
