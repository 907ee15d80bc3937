"""What the HTTP handlers need from below: published documents and sign-ins, in their words. `app.py` joins both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from sotto_keys.shared.secret import SecretText
    from sotto_wire.ids import AgentId, DeskId, Digest, Millis

TrustStanding = Literal["ok", "missing", "expired"]


@dataclass(frozen=True, slots=True)
class Published:
    """Documents as somebody sent them: not yet believed."""

    roots: tuple[bytes, ...]
    trust: bytes | None
    credentials: tuple[bytes, ...]
    policies: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """A sign-in that began."""

    session: SecretText
    expires_at: Millis
    agent: AgentId
    name: str
    desks: tuple[DeskId, ...]


class Documents(Protocol):
    """The organisation's signed documents, as the relay keeps them."""

    async def trust_bundle(self, now: Millis) -> bytes:
        """What `GET /v1/trust` answers; `NotFound` before the first was published."""

    async def policy(self, digest: Digest, now: Millis) -> bytes:
        """The bytes with this digest; `NotFound`."""

    async def publish(self, published: Published, now: Millis) -> None:
        """Verify and keep. Refuses with `NotNewer`, or raises `Untrusted`; then nothing was kept."""

    async def trust_state(self, now: Millis) -> TrustStanding:
        """Whether clients would believe what is served now."""


class SignIns(Protocol):
    """Agents' sign-ins by password."""

    async def sign_in(self, agent: str, password: SecretText, *, address: str | None, now: Millis) -> Granted:
        """Refuses with `NotSignedIn` (the same, as slowly, for an unknown name), `TooFast` or `Unavailable`."""

    async def sign_out(self, session: SecretText, now: Millis) -> None:
        """End it; nothing happens where there is none."""
