"""`sotto run`: the relay in the foreground, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final

import click
from aiohttp import web

from sotto_cli.relay_data import data_option, settings
from sotto_keys.relay.password import Argon2Passwords
from sotto_server.adapters.clock import SystemClock
from sotto_server.adapters.entropy import system_entropy
from sotto_server.adapters.memory.bells import LocalBells
from sotto_server.adapters.statement_key_file import read_statement_key
from sotto_server.adapters.store.store import open_store
from sotto_server.adapters.store.wholeness import check_before_start
from sotto_server.app import Parts, build
from sotto_server.domain.policy_world import day_of
from sotto_server.edge.front import listen
from sotto_server.edge.logs import Event, journal_on_stderr
from sotto_server.edge.relay import RELAY
from sotto_server.faults import ConfigFault, Fault
from sotto_server.policyfile.load import PolicyFault
from sotto_server.policyfile.reader import PolicyFiles
from sotto_server.usecases.organisation import policy_held

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_server.config import Config

DRAIN_S: Final = 5.0
"""How long requests under way may take once the relay is told to stop; sockets are closed at once (1001)."""


@click.command()
@data_option
def run(*, data: Path | None) -> None:
    """Run the relay with the settings in SOTTO_…; SIGTERM or Ctrl-C ends it in order, with exit code 0."""
    config = settings(data)
    try:
        asyncio.run(serve(config, parts_of(config)))
    except (Fault, OSError) as error:
        raise click.ClickException(str(error)) from None


def parts_of(config: Config) -> Parts:
    """The real parts that these settings name; `Fault` where one cannot be opened."""
    clock = SystemClock()
    if not config.database.exists():
        raise ConfigFault("no relay was set up here: sotto init --root FILE --data DIR")
    check_before_start(config.database)
    return Parts(
        signer=read_statement_key(config.statement_key),
        store=open_store(config.database),
        bells=LocalBells(),
        clock=clock,
        entropy=system_entropy,
        passwords=Argon2Passwords(),
        journal=journal_on_stderr(clock.now, level=config.log_level),
    )


async def serve(config: Config, parts: Parts) -> None:
    """The relay, until a signal stops it. Closes the store."""
    _must_have_a_usable_policy(parts)
    stopped = _stop_signals()
    try:
        app = build(config, parts)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=DRAIN_S)
        await runner.setup()
        try:
            server = await listen(runner, app[RELAY].front, host=config.listen.host, port=config.listen.port)
            port = server.sockets[0].getsockname()[1]
            parts.journal.tell(Event.RELAY_STARTED, port=port, version=app[RELAY].version)
            await stopped.wait()
            parts.journal.tell(Event.RELAY_STOPPING, count=len(app[RELAY].lines))
            server.close()
        finally:
            await runner.cleanup()
        parts.journal.tell(Event.RELAY_STOPPED)
    finally:
        parts.store.close()


def _must_have_a_usable_policy(parts: Parts) -> None:
    """`PolicyFault` for a policy in force that may not be used today; a way out is `sotto trust publish --data`."""
    now = parts.clock.now()
    held = parts.store.read(policy_held, None, now)
    found = () if held is None else PolicyFiles().reasons_not_to_start(held.body, at=day_of(now))
    if found:
        parts.store.close()
        raise PolicyFault(found)


def _stop_signals() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped
