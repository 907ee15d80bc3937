from __future__ import annotations

from pathlib import Path
from typing import Final

from sotto_server.config import NAMES
from sotto_server.edge.logs import Event

PAGE: Final = (Path(__file__).parents[3] / "docs" / "operations.md").read_text("utf-8")


def test_every_setting_is_explained() -> None:
    assert [name for name in NAMES if f"| `{name}` |" not in PAGE] == []


def test_every_event_is_listed() -> None:
    assert [event for event in Event if f"`{event}`" not in PAGE] == []
