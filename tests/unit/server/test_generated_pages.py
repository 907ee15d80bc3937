"""Pages made from code say what the code says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.generated_pages import ACTS, DOCS, PAGES, STAGES

from sotto_server.adapters.store.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Callable
from sotto_wire.stages import Act, Stage


@pytest.mark.parametrize(("page", "render"), PAGES.items(), ids=PAGES)
def test_a_generated_page_is_up_to_date(page: str, render: Callable[[], str]) -> None:
    assert (DOCS / page).read_text() == render()


def test_every_stage_and_act_is_explained() -> None:
    assert (set(STAGES), set(ACTS)) == (set(Stage), set(Act))


def test_every_table_and_column_says_what_it_is_for() -> None:
    for table in metadata.tables.values():
        assert table.comment, table.name
        for column in table.columns:
            assert column.comment, f"{table.name}.{column.name}"


def test_no_column_is_named_after_what_the_relay_must_not_have() -> None:
    never = {"text", "plaintext", "message", "email", "address", "ip", "token"}
    assert not {column.name for table in metadata.tables.values() for column in table.columns} & never
