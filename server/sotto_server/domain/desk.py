"""Sites, desks, the agents who sit at them, and their sign-ins. Records only; the use cases decide."""

from __future__ import annotations

from msgspec import Struct

from sotto_wire.ids import AgentId, DeskId, DeviceKey, Millis, SiteId


class Site(Struct, frozen=True):
    """One website with its own widget."""

    site: SiteId
    added_at: Millis


class SiteOrigin(Struct, frozen=True):
    """A web origin that may open this site's widget."""

    site: SiteId
    origin: str


class SiteDesk(Struct, frozen=True):
    """A desk that conversations of this site may be addressed to."""

    site: SiteId
    desk: DeskId


class Agent(Struct, frozen=True):
    """Somebody who answers. `password` is the Argon2id hash with its own parameters and salt."""

    agent: AgentId
    name: str
    password: str
    added_at: Millis
    disabled_at: Millis | None = None

    def __repr__(self) -> str:
        return f"Agent({self.agent})"


class Seat(Struct, frozen=True):
    """An agent sits at a desk."""

    agent: AgentId
    desk: DeskId


class SignIn(Struct, frozen=True):
    """One sign-in. The token itself is never kept: only its SHA-256.

    It belongs to the first device that spoke it in a signed `hello`: a stolen token is of no use with another key.
    """

    token_digest: bytes
    agent: AgentId
    started_at: Millis
    used_at: Millis
    expires_at: Millis
    device: DeviceKey | None = None
