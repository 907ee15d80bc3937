"""A process that has loaded the relay and forks one a line: hundreds of starts cost a fork each, not an interpreter each."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import msgspec

from sotto_bench.wounds import SetClock, Wound, WoundedStore
from sotto_cli.run import parts_of, serve
from sotto_server.config import load_config
from sotto_server.faults import Fault

FAILED = 2


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One order: where the clock's offset stands, and what hurts."""

    clock: str
    wound: Wound | None


def main() -> None:
    """Each line on stdin is a `Start`; each answer on stdout the process number of the relay. Ends with stdin."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that die are nobody's to bury
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Start)
        child = os.fork()
        if child == 0:
            _be_a_relay(order)
        print(child, flush=True)  # noqa: T201 - the answer


def _be_a_relay(order: Start) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(0)
    code = 0
    try:
        config = load_config(os.environ)
        parts = parts_of(config)
        parts = replace(parts, clock=SetClock(Path(order.clock)))
        if order.wound is not None:
            parts = replace(parts, store=WoundedStore(parts.store, order.wound))
        asyncio.run(serve(config, parts))
    except (Fault, OSError) as fault:
        print(f"relay: {fault}", file=sys.stderr, flush=True)  # noqa: T201 - the relay's log
        code = FAILED
    os._exit(code)


if __name__ == "__main__":
    main()
