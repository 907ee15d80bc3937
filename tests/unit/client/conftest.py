from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.sdk_talk import Talk, agent_keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Talk]:
    """A customer alone in a conversation that was just opened."""
    talk = Talk(agent_keys(tmp_path / "ana"))
    yield talk
    talk.keys.store.close()


@pytest.fixture
def talk(opening: Talk) -> Talk:
    """A customer and an agent who was let in."""
    opening.let_in()
    return opening
