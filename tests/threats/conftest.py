"""What the attacks share: time that stands still for documents, and a town copied for each who attacks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from tests.support.invariants import Standing, standing
from tests.support.matrix_town import Town

from sotto_server.adapters.store.store import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Town, Path]:
    """Built once a module, closed, and to be copied: what one attacker changes the next must not find."""
    folder = tmp_path_factory.mktemp("town")
    store = open_store(folder / "sotto.db")
    built = Town(store)
    store.close()
    return built, folder / "sotto.db"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relay(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Standing]:
    """One relay for all attacks of a module: what the first leaves behind, the last must still bear."""
    async with standing(tmp_path_factory.mktemp("standing")) as under_attack:
        yield under_attack
