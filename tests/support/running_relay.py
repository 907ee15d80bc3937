"""A whole relay on loopback for the tests of its rim: the real application and store, a fixed set of people, short deadlines."""

from __future__ import annotations

import hashlib
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from sotto_keys.shared.secret import SecretSigningKey, SecretText
from sotto_server.adapters.clock import SystemClock
from sotto_server.adapters.memory.bells import LocalBells
from sotto_server.adapters.store.store import open_store
from sotto_server.app import Parts, Times, build
from sotto_server.config import Config, Listen
from sotto_server.edge.front import listen
from sotto_server.edge.relay import RELAY
from sotto_server.edge.socket import SocketRules
from sotto_server.usecases.administer import NewAgent, NewSite, add_agent, add_site
from sotto_wire.ids import AgentId, DeskId, SiteId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import Unpack

    from sotto_server.adapters.store.store import SqlStore
    from sotto_server.edge.logs import Event, Fields
    from sotto_server.edge.relay import Relay
    from sotto_server.ports import Clock

SHOP: Final = "https://shop.example"
PUBLIC: Final = "https://chat.example"
PASSWORD: Final = "correct horse battery"
QUICK: Final = Times(
    request_within_ms=300,
    linger_ms=100,
    socket=SocketRules(hello_within_ms=300, stalled_ms=300, look_every_ms=60_000, gone_after_ms=20),
)


class UnsafeForTestsPasswords:
    """A fast hash, so that tests of everything else do not wait for a slow one."""

    def hash(self, password: SecretText) -> str:
        return hashlib.sha256(password.reveal().encode()).hexdigest()

    def verify(self, stored: str, password: SecretText) -> bool:
        return stored == self.hash(password)


class Notes:
    """A journal that is read by the test."""

    def __init__(self) -> None:
        self.told: list[tuple[Event, Fields]] = []

    def tell(self, event: Event, **fields: Unpack[Fields]) -> None:
        self.told.append((event, fields))

    def of(self, event: Event) -> list[Fields]:
        return [fields for told, fields in self.told if told is event]


@dataclass(frozen=True)
class Running:
    """A relay that listens on `port` of loopback."""

    port: int
    store: SqlStore
    bells: LocalBells
    notes: Notes
    relay: Relay
    app: web.Application

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def a_config(data_dir: Path, *, web_dir: Path | None = None, public_url: str = PUBLIC) -> Config:
    return Config(
        listen=Listen("127.0.0.1", 0),
        public_url=public_url,
        data_dir=data_dir,
        web_dir=web_dir,
        console_origins=(public_url,),
        trusted_proxies=(),
        log_level="info",
    )


@asynccontextmanager
async def a_running_relay(
    config: Config, *, times: Times = QUICK, clock: Clock | None = None
) -> AsyncIterator[Running]:
    clock = clock or SystemClock()
    store, bells, notes = open_store(config.database), LocalBells(), Notes()
    passwords = UnsafeForTestsPasswords()
    add_people(store, clock, passwords)
    parts = Parts(
        store=store,
        bells=bells,
        clock=clock,
        entropy=os.urandom,
        signer=SecretSigningKey(b"k" * 32),
        passwords=passwords,
        journal=notes,
    )
    app = build(config, parts, times=times)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    server = await listen(runner, app[RELAY].front, host="127.0.0.1", port=0)
    try:
        yield Running(server.sockets[0].getsockname()[1], store, bells, notes, app[RELAY], app)
    finally:
        server.close()
        await runner.cleanup()
        store.close()


def add_people(store: SqlStore, clock: Clock, passwords: UnsafeForTestsPasswords) -> None:

    now = clock.now()
    site = NewSite(site=SiteId("shop"), origins=(SHOP,), desks=(DeskId("support"),))
    store.commit(add_site, site, now)
    hashed = passwords.hash(SecretText(PASSWORD))
    agent = NewAgent(agent=AgentId("ada"), name="Ada", password=hashed, desks=(DeskId("support"),))
    store.commit(add_agent, agent, now)
