"""The world that use cases are tested on: real keys and documents, and the embedded database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.relay_world import AgentDevice, CustomerDevice, RelayWorld

from sotto_server.adapters.memory.store import MemoryStore
from sotto_server.adapters.store.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sotto_server.ports import Store


@pytest.fixture(params=["memory", "sqlite"])
def relay(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RelayWorld]:
    store: Store = MemoryStore() if request.param == "memory" else open_store(tmp_path / "sotto.db")
    yield RelayWorld(store)
    store.close()


@pytest.fixture
def customer() -> CustomerDevice:
    return CustomerDevice()


@pytest.fixture
def ana() -> AgentDevice:
    return AgentDevice()
