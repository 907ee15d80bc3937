"""What the relay says about itself: structured events with ids, codes and counts. No address, name, token or body can be told.

Fields are a closed list, by type when written and by filter when printed; times are blurred to the minute, so that a
log does not become a diary of who wrote when.
"""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TextIO, TypedDict, Unpack

import msgspec
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

MINUTE_MS: Final = 60_000


class Event(StrEnum):
    """Everything the relay can say, `noun.verb`."""

    RELAY_STARTED = "relay.started"
    RELAY_STOPPING = "relay.stopping"
    RELAY_STOPPED = "relay.stopped"
    CONNECTION_REFUSED = "connection.refused"
    CONNECTION_TIMED_OUT = "connection.timed_out"
    WIRE_VIOLATED = "wire.violated"
    UPGRADE_REFUSED = "upgrade.refused"
    REQUEST_REFUSED = "request.refused"
    REQUEST_FAILED = "request.failed"
    SOCKET_SIGNED_IN = "socket.signed_in"
    SOCKET_REFUSED = "socket.refused"
    SOCKET_CLOSED = "socket.closed"
    FRAME_REFUSED = "frame.refused"
    AGENT_SIGNED_IN = "agent.signed_in"
    AGENT_SIGN_IN_REFUSED = "agent.sign_in_refused"
    KEY_PACKAGES_LOW = "key_packages.low"
    DOCUMENTS_PUBLISHED = "documents.published"
    POLICY_LAPSED = "policy.lapsed"
    POLICY_CHANGED = "policy.changed"
    SWEEP_FAILED = "sweep.failed"
    CLOCK_JUMPED = "clock.jumped"
    LOOP_STALLED = "loop.stalled"
    FAULT_RAISED = "fault.raised"
    LIBRARY_SPOKE = "library.spoke"


class Fields(TypedDict, total=False):
    """All an event may carry."""

    code: str
    status: int
    close_code: int
    kind: str
    reference: str
    connection: str
    conversation: str
    device: str
    """The beginning of an agent's device key; a customer's is never told."""
    role: str
    frame: str
    route: str
    count: int
    seq: int
    port: int
    version: str
    logger: str
    level: str


ALLOWED: Final = frozenset(Fields.__annotations__) | {"event", "time"}
_LONGEST: Final = 64


class Journal(Protocol):
    """Where events go."""

    def tell(self, event: Event, **fields: Unpack[Fields]) -> None:
        """Say it. Never raises and never waits."""


def _only_allowed(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    kept = {name: value for name, value in event.items() if name in ALLOWED}
    return {name: value[:_LONGEST] if isinstance(value, str) else value for name, value in kept.items()}


class JsonJournal:
    """One JSON object a line."""

    def __init__(self, stream: TextIO, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._log: structlog.BoundLogger = structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[_only_allowed, structlog.processors.JSONRenderer(serializer=_to_json)],
            wrapper_class=structlog.BoundLogger,
        )

    def tell(self, event: Event, **fields: Unpack[Fields]) -> None:
        """Print it, with the minute it happened in (Unix milliseconds)."""
        now = self._now_ms()
        self._log.info(event.value, time=now - now % MINUTE_MS, **fields)


def _to_json(event: object, **_: object) -> str:
    return msgspec.json.encode(event).decode()


class _Hushed(logging.Handler):
    """Tells that a library spoke, not what it said: its words may carry an address or what a peer sent."""

    def __init__(self, journal: Journal, level: int) -> None:
        super().__init__(level)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on which logger, how loud, and the kind of exception."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        self._journal.tell(Event.LIBRARY_SPOKE, logger=record.name, level=record.levelname.lower(), kind=kind)


def journal_on_stderr(now_ms: Callable[[], int], *, level: str) -> Journal:
    """The relay's journal; also hushes the standard library's loggers, so that nothing else writes to stderr."""
    journal = JsonJournal(sys.stderr, now_ms)
    threshold = max(logging.getLevelNamesMapping()[level.upper()], logging.WARNING)
    root = logging.getLogger()
    root.handlers[:] = [_Hushed(journal, threshold)]
    return journal
