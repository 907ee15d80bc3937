"""What the relay holds about a conversation, in pages, and to nobody but its customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.relay_questions import Scene

from sotto_server.domain.holdings import shown
from sotto_server.domain.speaker import Asked
from sotto_server.usecases.show_holdings import show_holdings
from sotto_wire.frames import ShowHoldings
from sotto_wire.refusals import NotFound

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld

    from sotto_server.domain.holdings import HeldTable
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


@pytest.fixture
def scene(relay: RelayWorld) -> Scene:
    return Scene.begin(relay)


def rows(tables: tuple[HeldTable, ...]) -> list[tuple[str, tuple[object, ...]]]:
    return [(table.name, row) for table in tables for row in table.rows]


def test_pages_join_to_the_whole(scene: Scene) -> None:
    def pages(unit: Unit, size: int, /, *, now: Millis) -> list[tuple[str, tuple[object, ...]]]:  # noqa: ARG001
        conversation = unit.mail.conversation(scene.name)
        assert conversation is not None
        total = unit.held(conversation, after=0, limit=1).total
        return [
            row
            for after in range(0, total, size)
            for row in rows(unit.held(conversation, after=after, limit=size).tables)
        ]

    whole = scene.relay.see(pages, 1000)
    assert len(whole) > 4
    assert scene.relay.see(pages, 1) == scene.relay.see(pages, 3) == whole


def test_an_agent_in_the_chat_is_told_that_there_is_nothing(scene: Scene) -> None:
    with pytest.raises(NotFound):
        scene.relay.see(show_holdings, Asked(ShowHoldings(ref=1, conversation=scene.name, after=0), scene.ana.speaker))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "1"),
        (7, "7"),
        (bytes(2), "0000"),
        (b"x" * 65, "sha256:9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9, 65 bytes"),
    ],
)
def test_a_value_is_shown_as_text(value: object, text: str) -> None:
    assert shown(value) == text
