"""The stores under one suite: what the memory store promises, the real one keeps, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sotto_server.adapters.memory.store import MemoryStore
from sotto_server.adapters.store.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sotto_server.ports import Store


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else open_store(tmp_path / "sotto.db")
    yield opened
    opened.close()
