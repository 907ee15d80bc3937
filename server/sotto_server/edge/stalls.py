"""Tells when the event loop stood still: a blocked call of ours, a debugger, a machine out of memory. It mends nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sotto_server.edge.logs import Event

if TYPE_CHECKING:
    from sotto_server.edge.logs import Journal

LOOK_EVERY_S: Final = 0.5
LATE_S: Final = 1.0
"""Nobody types through a second; what is shorter is load."""


async def watch_loop(journal: Journal) -> None:
    """For as long as the relay runs."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK_EVERY_S
        await asyncio.sleep(LOOK_EVERY_S)
        late_s = loop.time() - due
        if late_s >= LATE_S:
            journal.tell(Event.LOOP_STALLED, count=round(late_s))
