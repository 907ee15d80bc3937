"""Who speaks on a socket, after `hello` was verified, and a frame together with who sent it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from sotto_wire.frames import Frame

if TYPE_CHECKING:
    from sotto_wire.ids import AgentId, ConversationId, DeskId, DeviceKey, SiteId

F = TypeVar("F", bound=Frame)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who proved to hold a device key on this very connection."""

    role: Literal["customer", "agent"]
    device: DeviceKey
    site: SiteId
    """`console` for an agent."""
    origin: str
    address: str | None
    """The address class for limits (an address, or a /64); none: exempt (loopback)."""
    agent: AgentId | None = None
    token_digest: bytes | None = None
    """Which sign-in the agent spoke under."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[F]):
    """A frame and its sender."""

    frame: F
    by: Speaker


@dataclass(frozen=True, slots=True)
class Interest:
    """What a line wants to know now."""

    followed: dict[ConversationId, int]
    """Deliver from after this sequence number."""
    conversations: frozenset[ConversationId]
    """Whose stage, offer or delivery may have changed."""
    desks: frozenset[DeskId]
    device: bool
    trust: bool
    everything: bool
    """The slow timer and `hello`: look at all conversations of the device."""
    newly_followed: frozenset[ConversationId] = frozenset()
    """Of the followed ones, those not looked at since the device follows them."""


@dataclass(frozen=True, slots=True)
class Collected:
    """The answer to an interest."""

    interest: Interest
    frames: tuple[Frame, ...]
    more: bool
    """The limit ended it: collect again."""
