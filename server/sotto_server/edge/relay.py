"""What every handler works with: one frozen value, put into the application under one key. It is built in `app.py` alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from sotto_server.config import Config
    from sotto_server.dispatch import Dispatch
    from sotto_server.edge.crowd import Crowd
    from sotto_server.edge.front import FrontRules
    from sotto_server.edge.headers import Headers
    from sotto_server.edge.lines import Lines
    from sotto_server.edge.logs import Journal
    from sotto_server.edge.needs import Documents, SignIns
    from sotto_server.edge.socket import Surroundings
    from sotto_server.edge.static import Programs
    from sotto_server.ports import Clock, Entropy, Store


@dataclass(frozen=True, slots=True)
class Relay:
    """One running relay, as its rim sees it."""

    config: Config
    version: str
    store: Store
    dispatch: Dispatch
    documents: Documents
    sign_ins: SignIns
    clock: Clock
    entropy: Entropy
    journal: Journal
    headers: Headers
    crowd: Crowd
    front: FrontRules
    lines: Lines
    programs: Programs
    around: Surroundings


RELAY: Final = web.AppKey("relay", Relay)
