"""What every handler works with: one frozen value, put into the application under one key. It is built in `app.py` alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from sotto_server.committer import Committer
    from sotto_server.config import Config
    from sotto_server.dispatch import Dispatch
    from sotto_server.edge.front import FrontRules
    from sotto_server.edge.lines import Lines
    from sotto_server.edge.logs import Journal
    from sotto_server.edge.socket import Surroundings
    from sotto_server.edge.static import Programs
    from sotto_server.ports import Clock, Entropy, PolicyReader, Store
    from sotto_server.signing_in import SigningIn


@dataclass(frozen=True, slots=True)
class Relay:
    """One running relay, as its rim sees it."""

    config: Config
    version: str
    store: Store
    dispatch: Dispatch
    committer: Committer
    signing_in: SigningIn
    statement_key: bytes
    """The public half of the key we sign receipts with."""
    policies: PolicyReader
    clock: Clock
    entropy: Entropy
    journal: Journal
    front: FrontRules
    lines: Lines
    programs: Programs
    around: Surroundings


RELAY: Final = web.AppKey("relay", Relay)
