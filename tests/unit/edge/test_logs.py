from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING

from sotto_server.edge.logs import Event, JsonJournal, journal_on_stderr

if TYPE_CHECKING:
    import pytest

NOON = 1_800_000_000_000


def told(journal_text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal_text.splitlines()]


def test_an_event_is_one_line_with_the_minute_it_happened_in() -> None:
    stream = io.StringIO()
    JsonJournal(stream, lambda: NOON + 59_999).tell(Event.SOCKET_CLOSED, connection="abc", close_code=1000)
    assert told(stream.getvalue()) == [
        {"event": "socket.closed", "time": NOON, "connection": "abc", "close_code": 1000}
    ]


def test_what_is_not_on_the_list_is_not_printed() -> None:
    stream = io.StringIO()
    fields = {"address": "203.0.113.9", "name": "Ada", "body": b"x", "code": "not_found"}
    JsonJournal(stream, lambda: NOON).tell(Event.REQUEST_REFUSED, **fields)  # type: ignore[arg-type]
    assert told(stream.getvalue()) == [{"event": "request.refused", "time": NOON, "code": "not_found"}]


def test_a_field_is_too_short_for_a_letter() -> None:
    stream = io.StringIO()
    JsonJournal(stream, lambda: NOON).tell(Event.REQUEST_REFUSED, code="x" * 1000)
    assert len(str(told(stream.getvalue())[0]["code"])) == 64


def test_events_are_nouns_and_verbs() -> None:
    assert all(event.value.count(".") == 1 and event.value.islower() for event in Event)


def test_a_library_is_heard_and_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, root = io.StringIO(), logging.getLogger()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(root, "handlers", [])
    journal_on_stderr(lambda: NOON, level="info")
    logging.getLogger("some.library").info("quiet")
    logging.getLogger("some.library").error("peer 203.0.113.9 sent %r", "a secret")
    assert told(stream.getvalue()) == [
        {"event": "library.spoke", "time": NOON, "logger": "some.library", "level": "error", "kind": ""}
    ]
