"""The composition root: one frozen relay from its parts, and the order in which it starts and ends. No rule lives here."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from aiohttp import web

from sotto_server.committer import Committer
from sotto_server.dispatch import Dispatch
from sotto_server.domain.steadiness import Steadiness
from sotto_server.edge.crowd import Crowd
from sotto_server.edge.entrance import Entrance, room_for_connections
from sotto_server.edge.front import LINGER_MS, FrontRules
from sotto_server.edge.headers import headers_for
from sotto_server.edge.http.documents import BODY_BYTES
from sotto_server.edge.http.routes import add_routes
from sotto_server.edge.lines import Lines
from sotto_server.edge.logs import Event
from sotto_server.edge.others import watch_others
from sotto_server.edge.policy_watch import PolicyWatch
from sotto_server.edge.presence import Comings, LivePresence
from sotto_server.edge.relay import RELAY, Relay
from sotto_server.edge.socket import SocketRules, Surroundings
from sotto_server.edge.stalls import watch_loop
from sotto_server.edge.static import load_programs
from sotto_server.faults import Fault
from sotto_server.policyfile.reader import PolicyFiles
from sotto_server.signing_in import SigningIn
from sotto_wire.limits import REQUEST_WITHIN_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sotto_keys.shared.secret import Signer
    from sotto_server.config import Config
    from sotto_server.domain.rings import Rings
    from sotto_server.edge.logs import Journal
    from sotto_server.edge.static import Programs
    from sotto_server.ports import Bells, Clock, Entropy, Passwords, Store

SWEEP_EVERY_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Times:
    """How long the rim waits; tests shorten it."""

    request_within_ms: int = REQUEST_WITHIN_MS
    linger_ms: int = LINGER_MS
    socket: SocketRules = field(default_factory=SocketRules)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a relay is made of. Whoever opened the store closes it, after the application has ended."""

    store: Store
    bells: Bells
    clock: Clock
    entropy: Entropy
    signer: Signer
    passwords: Passwords
    journal: Journal


def build(config: Config, parts: Parts, *, times: Times | None = None) -> web.Application:
    """The application of one relay. Its threads run from startup to cleanup; `ConfigFault` for bundles that changed."""
    programs = load_programs(config.web_dir, config.bundles)
    app = web.Application(client_max_size=BODY_BYTES)
    add_routes(app)

    async def running(app: web.Application) -> AsyncIterator[None]:
        app[RELAY] = relay = _relay(config, parts, programs=programs, times=times or Times())
        relay.committer.start()
        silence = parts.bells.listen(relay.lines.ring)
        chores = [asyncio.create_task(each) for each in (_sweep(relay), watch_others(relay), watch_loop(relay.journal))]
        mute = parts.bells.listen(partial(_warn, parts.journal))
        yield
        for each in chores:
            each.cancel()
            with suppress(asyncio.CancelledError):
                await each
        relay.around.comings.stop()
        silence()
        mute()
        await asyncio.to_thread(relay.committer.stop)
        relay.dispatch.close()
        relay.signing_in.close()

    app.cleanup_ctx.append(running)
    app.on_shutdown.append(_close_sockets)
    return app


def _dispatch(config: Config, parts: Parts, *, committer: Committer, presence: LivePresence) -> Dispatch:
    return Dispatch(
        store=parts.store,
        committer=committer,
        clock=parts.clock,
        signer=parts.signer,
        presence=presence,
        entropy=parts.entropy,
        policies=PolicyFiles(),
        console_origins=frozenset(config.console_origins),
    )


def _relay(config: Config, parts: Parts, *, programs: Programs, times: Times) -> Relay:
    committer = Committer(parts.store, parts.bells, loop=asyncio.get_running_loop())
    presence, lines = LivePresence(), Lines()
    dispatch = _dispatch(config, parts, committer=committer, presence=presence)
    comings = Comings(
        presence, who_looks=dispatch.who_looks, ring=parts.bells.ring, gone_after_ms=times.socket.gone_after_ms
    )
    return Relay(
        config=config,
        version=version("sotto"),
        store=parts.store,
        committer=committer,
        dispatch=dispatch,
        signing_in=SigningIn(store=parts.store, committer=committer, passwords=parts.passwords, entropy=parts.entropy),
        statement_key=parts.signer.public,
        policies=PolicyFiles(),
        clock=parts.clock,
        entropy=parts.entropy,
        journal=parts.journal,
        front=_front(config, parts, times=times),
        lines=lines,
        programs=programs,
        around=Surroundings(
            dispatch=dispatch,
            lines=lines,
            comings=comings,
            clock=parts.clock,
            entropy=parts.entropy,
            journal=parts.journal,
            rules=times.socket,
        ),
    )


def _front(config: Config, parts: Parts, *, times: Times) -> FrontRules:
    return FrontRules(
        crowd=Crowd(),
        entrance=Entrance(most=room_for_connections()),
        journal=parts.journal,
        headers=headers_for(config.public_url),
        trusted_proxies=config.trusted_proxies,
        request_within_ms=times.request_within_ms,
        linger_ms=times.linger_ms,
    )


async def _close_sockets(app: web.Application) -> None:
    if RELAY in app:
        await app[RELAY].lines.close_all()


async def _sweep(relay: Relay) -> None:
    """What time ends, for as long as the relay runs. A store that is down is asked again at the next turn."""
    watch, steadiness = PolicyWatch(relay), Steadiness()
    while True:
        now, steady_ms = relay.clock.now(), int(asyncio.get_running_loop().time() * 1000)
        if steadiness.jumped(now, steady_ms):
            relay.journal.tell(Event.CLOCK_JUMPED)
        try:
            await watch.look(now)
            if steadiness.may_end(steady_ms) and (await relay.dispatch.sweep(now)).more:
                continue
        except Fault as fault:
            relay.journal.tell(Event.SWEEP_FAILED, kind=type(fault).__name__)
        await asyncio.sleep(SWEEP_EVERY_S)


def _warn(journal: Journal, rings: Rings) -> None:
    """The draining alarm: without key packages nobody can be let in on that device."""
    for device, left in rings.low.items():
        journal.tell(Event.KEY_PACKAGES_LOW, device=device[:8].hex(), count=left)
