"""A conversation as rows of the sealed store and back. What was shown lies in rows of its own, so that a message costs one small row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from sotto_client.conversation import Conversation, Counter, Newcomer, Waiting
from sotto_client.entries import Entry
from sotto_keys.device.mls.stored_member import member_from_bytes, member_to_bytes, pending_from_bytes, pending_to_bytes
from sotto_keys.shared.mls.group_memory import parse_group_memory
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.claims import Bytes16, Bytes32, Count, Signed, Time
from sotto_wire.ids import ConversationId, Millis
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_client.store import DeviceStore

PREFIX = "conversation."


class _Kept(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    form: Literal[1]
    id: Bytes16
    group: Count
    stage: Literal["waiting", "left", "proposed", "active", "closed"]
    opened_at: Time
    closes_at: Time
    cursor: Count
    number: Count
    delivered: Count
    is_old: bool
    broken: str | None
    admission: Signed | None
    member: bytes
    memory: bytes
    pending: bytes | None
    outbox: list[Waiting]
    counters: list[Counter]
    unanswered: list[str]
    earlier: list[Counter]
    entries: Count
    """How many rows of entries belong to it."""
    withdrawn: list[Bytes32]
    shown: Count
    answered: list[Newcomer]


def rows_of(after: Conversation, *, before: Conversation | None) -> Mapping[str, bytes | None]:
    """What to save when `before` (none: nothing is stored) became `after`."""
    old = () if before is None else before.entries
    rows: dict[str, bytes | None] = {_name(after.id): _encode(after)}
    for index, entry in enumerate(after.entries):
        if index >= len(old) or old[index] is not entry:
            rows[_entry_name(after.id, index)] = msgspec.msgpack.encode(entry)
    return rows


def erasing_rows(conversation: Conversation) -> Mapping[str, bytes | None]:
    """What to save so that nothing of it is left."""
    entries = (_entry_name(conversation.id, index) for index in range(len(conversation.entries)))
    return dict.fromkeys((_name(conversation.id), *entries))


def forgetting_rows(store: DeviceStore, conversation: ConversationId) -> Mapping[str, bytes | None]:
    """What to save so that nothing is left of a conversation that cannot be read any more."""
    return dict.fromkeys((_name(conversation), *store.names(f"entry.{conversation.hex()}.")))


def load_conversation(store: DeviceStore, conversation: ConversationId) -> Conversation | None:
    """The conversation as it was saved last, or `Malformed`."""
    octets = store.load(_name(conversation))
    if octets is None:
        return None
    kept = _decode(octets)
    entries = tuple(_entry(store, conversation, index) for index in range(kept.entries))
    return Conversation(
        id=ConversationId(kept.id),
        member=member_from_bytes(kept.member),
        memory=parse_group_memory(kept.memory),
        opened_at=Millis(kept.opened_at),
        closes_at=Millis(kept.closes_at),
        group=kept.group,
        stage=Stage(kept.stage),
        cursor=kept.cursor,
        number=kept.number,
        delivered=kept.delivered,
        is_old=kept.is_old,
        broken=kept.broken,
        admission=kept.admission,
        pending=None if kept.pending is None else pending_from_bytes(kept.pending),
        outbox=tuple(kept.outbox),
        counters=tuple(kept.counters),
        unanswered=tuple(kept.unanswered),
        earlier=tuple(kept.earlier),
        entries=entries,
        withdrawn=tuple(kept.withdrawn),
        shown=kept.shown,
        answered=tuple(kept.answered),
    )


def stored_conversations(store: DeviceStore) -> list[ConversationId]:
    """Of which conversations something is stored."""
    return [ConversationId(bytes.fromhex(name.removeprefix(PREFIX))) for name in store.names(PREFIX)]


def _encode(conversation: Conversation) -> bytes:
    kept = _Kept(
        form=1,
        id=conversation.id,
        group=conversation.group,
        stage=conversation.stage.value,
        opened_at=conversation.opened_at,
        closes_at=conversation.closes_at,
        cursor=conversation.cursor,
        number=conversation.number,
        delivered=conversation.delivered,
        is_old=conversation.is_old,
        broken=conversation.broken,
        admission=conversation.admission,
        member=member_to_bytes(conversation.member),
        memory=conversation.memory.to_bytes(),
        pending=None if conversation.pending is None else pending_to_bytes(conversation.pending),
        outbox=list(conversation.outbox),
        counters=list(conversation.counters),
        unanswered=list(conversation.unanswered),
        earlier=list(conversation.earlier),
        entries=len(conversation.entries),
        withdrawn=list(conversation.withdrawn),
        shown=conversation.shown,
        answered=list(conversation.answered),
    )
    return msgspec.msgpack.encode(kept)


def _decode(octets: bytes) -> _Kept:
    try:
        return msgspec.msgpack.decode(octets, type=_Kept)
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None


def _entry(store: DeviceStore, conversation: ConversationId, index: int) -> Entry:
    octets = store.load(_entry_name(conversation, index))
    if octets is None:
        raise Malformed("an entry is missing")
    try:
        return msgspec.msgpack.decode(octets, type=Entry)  # type: ignore[no-any-return]
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None


def _name(conversation: ConversationId) -> str:
    return PREFIX + conversation.hex()


def _entry_name(conversation: ConversationId, index: int) -> str:
    return f"entry.{conversation.hex()}.{index:08d}"
