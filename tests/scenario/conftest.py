"""What the scenarios share: one founded organisation with a real relay in a process of its own, and people who are programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.demo_town import founded
from tests.support.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.support.demo_town import Town


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with founded(tmp_path_factory.mktemp("scenario") / "demo") as built:
        yield built


@pytest.fixture
async def programs(town: Town, tmp_path: Path) -> AsyncIterator[Programs]:
    """Customers and agents of the town; they close their conversations and go home after the test."""
    async with Programs(town, tmp_path) as people:
        yield people
