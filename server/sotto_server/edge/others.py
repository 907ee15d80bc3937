"""What other processes changed in the relay's database: `sotto agents disable` must not wait for the slow timer.

T49: sockets of somebody who was disabled, or whose sign-in was ended, close within a second, whoever ended it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sotto_server.edge.logs import Event
from sotto_server.faults import Fault
from sotto_server.usecases.shut_out import rings_for_the_shut_out

if TYPE_CHECKING:
    from sotto_server.edge.relay import Relay

LOOK_EVERY_S: Final = 0.4
"""One pragma on the writer's own connection: 10 microseconds when measured."""


async def watch_others(relay: Relay) -> None:
    """For as long as the relay runs: after a write that was not ours, ask who of those on the line was shut out."""
    while True:
        try:
            if await asyncio.to_thread(relay.store.others_wrote):
                devices, now = relay.lines.speaking(), relay.clock.now()
                relay.lines.ring(await relay.dispatch.read(rings_for_the_shut_out, devices, now))
        except Fault as fault:
            relay.journal.tell(Event.SWEEP_FAILED, kind=type(fault).__name__)
        await asyncio.sleep(LOOK_EVERY_S)
