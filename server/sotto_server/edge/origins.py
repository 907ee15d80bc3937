"""Which web origins may speak to the relay: those of its sites, and those of its console."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sotto_server.edge.relay import Relay
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def is_origin_of_a_site(unit: Unit, origin: str, /, *, now: Millis) -> bool:  # noqa: ARG001 - the shape of a query
    """A query: whether any site lists this origin."""
    return bool(unit.origins.find(origin=origin))


def is_of_console(relay: Relay, origin: str) -> bool:
    """Whether agents may sign in from there."""
    return origin in relay.config.console_origins


async def may_speak(relay: Relay, origin: str) -> bool:
    """Whether a socket from this origin may open. T43: for whom it may speak is checked again at `hello`."""
    return is_of_console(relay, origin) or await relay.dispatch.read(is_origin_of_a_site, origin, relay.clock.now())
