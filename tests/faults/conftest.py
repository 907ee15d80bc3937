"""What the fault tests share: works of their own for each test, for a relay that is hurt is nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sotto_bench.works import founded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sotto_bench.works import Works


@pytest.fixture
async def works(tmp_path: Path) -> AsyncIterator[Works]:
    async with founded(tmp_path / "works") as built:
        yield built
