"""What the attacks share: time that stands still for documents, and a town copied for each who attacks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.matrix_town import Town

from sotto_server.adapters.store.store import open_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Town, Path]:
    """Built once a module, closed, and to be copied: what one attacker changes the next must not find."""
    folder = tmp_path_factory.mktemp("town")
    store = open_store(folder / "sotto.db")
    built = Town(store)
    store.close()
    return built, folder / "sotto.db"
