"""The hot statements, as strings for the driver: a handful of `executemany` calls a batch, whatever its size.

SQLite's dialect. It is the number of SQLAlchemy calls that costs, not SQLAlchemy: one statement object a message took eight
times as long as this (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_server.domain.conversation import Conversation, Member
from sotto_server.domain.mailbox import StoredEnvelope
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection

CONVERSATION: Final = (
    "key, id, site, desk, customer, opening, opened_at, closes_at, stage, group_number, epoch, head, gone,"
    " committed_at, active_at, waiting_since, proposed, reserved_at, asked_at"
)
MEMBER: Final = "device, role, since, until, blocked, acked, sent, sent_seq, sent_at, hushed, frozen, stuck"
ENVELOPE: Final = "conversation, seq, group_number, epoch, kind, sender, number, posted_at, expires_at, recipient, body"

# The columns stand in the order of the fields, and hold what `write` put there.
_conversation: Final[Callable[..., Conversation]] = Conversation
_member: Final[Callable[..., Member]] = Member
_envelope: Final[Callable[..., StoredEnvelope]] = StoredEnvelope
_STAGE: Final = 8
_BLOCKED: Final = 4
_FLAGS: Final = 3
"""The last columns of a member."""

# S608: these strings hold names of columns only; every value is a parameter.
SELECT_CONVERSATION: Final = f"SELECT {CONVERSATION} FROM conversation"  # noqa: S608
SELECT_MEMBERS: Final = f"SELECT {MEMBER} FROM member WHERE conversation = ? ORDER BY since, role DESC, device"  # noqa: S608
SELECT_ENVELOPE: Final = f"SELECT {ENVELOPE} FROM envelope"  # noqa: S608

_INSERT_CONVERSATION: Final = (
    f"INSERT INTO conversation ({CONVERSATION}) VALUES (NULL, {', '.join('?' * 18)}) RETURNING key"  # noqa: S608
)
_UPDATE_CONVERSATION: Final = (
    "UPDATE conversation SET customer = ?, opening = ?, closes_at = ?, stage = ?, group_number = ?, epoch = ?, head = ?, gone = ?,"
    " committed_at = ?, active_at = ?, waiting_since = ?, proposed = ?, reserved_at = ?, asked_at = ? WHERE key = ?"
)
_INSERT_MEMBER: Final = f"INSERT INTO member (conversation, {MEMBER}) VALUES ({', '.join('?' * 13)})"  # noqa: S608
_UPDATE_MEMBER: Final = (
    "UPDATE member SET since = ?, until = ?, blocked = ?, acked = ?, sent = ?, sent_seq = ?, sent_at = ?, hushed = ?,"
    " frozen = ?, stuck = ? WHERE conversation = ? AND device = ?"
)
_INSERT_ENVELOPE: Final = f"INSERT INTO envelope ({ENVELOPE}) VALUES ({', '.join('?' * 11)})"  # noqa: S608
_DELETE_ENVELOPES: Final = "DELETE FROM envelope WHERE conversation = ? AND seq <= ?"


def read_conversation(connection: Connection, row: Sequence[object]) -> Conversation:
    """A conversation from its row, with its members."""
    members = connection.exec_driver_sql(SELECT_MEMBERS, (row[0],))
    return conversation_from(row, (member_from(each) for each in members))


def conversation_from(row: Sequence[object], members: Iterable[Member]) -> Conversation:
    return _conversation(*row[:_STAGE], Stage(str(row[_STAGE])), *row[_STAGE + 1 :], tuple(members))


def member_from(row: Sequence[object]) -> Member:
    return _member(*row[:_BLOCKED], bool(row[_BLOCKED]), *row[_BLOCKED + 1 : -_FLAGS], *map(bool, row[-_FLAGS:]))


def envelope_from(row: Sequence[object]) -> StoredEnvelope:
    return _envelope(*row)


def insert_conversation(connection: Connection, new: Conversation) -> int:
    """Insert it with its members; the answer is its key."""
    customer, opening, *changing, _ = _changing(new)
    values = (new.id, new.site, new.desk, customer, opening, new.opened_at, *changing)
    key = int(connection.exec_driver_sql(_INSERT_CONVERSATION, values).scalar_one())
    for each in new.members:
        connection.exec_driver_sql(_INSERT_MEMBER, (key, *_member_row(each)))
    return key


def write(
    connection: Connection, changed: Iterable[tuple[Conversation, Conversation]], appended: Iterable[StoredEnvelope]
) -> None:
    """Write what a batch changed: pairs of (as stored, as it is now), and new envelopes."""
    pairs = list(changed)
    gone = {now.key: now.gone for _, now in pairs}
    rows = [_envelope_row(each) for each in appended if each.seq > gone.get(each.conversation, 0)]
    _many(connection, _INSERT_ENVELOPE, rows)
    _many(connection, _UPDATE_CONVERSATION, [_changing(now) for before, now in pairs if _differs(before, now)])
    updates, inserts = _members(pairs)
    _many(connection, _UPDATE_MEMBER, updates)
    _many(connection, _INSERT_MEMBER, inserts)
    _many(connection, _DELETE_ENVELOPES, [(now.key, now.gone) for before, now in pairs if now.gone > before.gone])


def _many(connection: Connection, statement: str, rows: list[tuple[object, ...]]) -> None:
    # An empty list would run the statement once, without parameters.
    if rows:
        connection.exec_driver_sql(statement, rows)


def _differs(before: Conversation, now: Conversation) -> bool:
    return _changing(before) != _changing(now)


def _changing(now: Conversation) -> tuple[object, ...]:
    return (
        now.customer,
        now.opening,
        now.closes_at,
        now.stage.value,
        now.group,
        now.epoch,
        now.head,
        now.gone,
        now.committed_at,
        now.active_at,
        now.waiting_since,
        now.proposed,
        now.reserved_at,
        now.asked_at,
        now.key,
    )


def _members(
    pairs: list[tuple[Conversation, Conversation]],
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    updates: list[tuple[object, ...]] = []
    inserts: list[tuple[object, ...]] = []
    for before, now in pairs:
        stored = {each.device: each for each in before.members}
        for each in now.members:
            known = stored.get(each.device)
            if known is None:
                inserts.append((now.key, *_member_row(each)))
            elif known is not each and known != each:
                updates.append((*_member_row(each)[2:], now.key, each.device))
    return updates, inserts


def _member_row(each: Member) -> tuple[object, ...]:
    return (
        each.device,
        each.role,
        each.since,
        each.until,
        each.blocked,
        each.acked,
        each.sent,
        each.sent_seq,
        each.sent_at,
        each.hushed,
        each.frozen,
        each.stuck,
    )


def _envelope_row(each: StoredEnvelope) -> tuple[object, ...]:
    return (
        each.conversation,
        each.seq,
        each.group,
        each.epoch,
        each.kind,
        each.sender,
        each.number,
        each.posted_at,
        each.expires_at,
        each.recipient,
        each.body,
    )
