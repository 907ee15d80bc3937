"""What a running conversation works with, and who says which commit is wanted. The conversation itself is `chat`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sotto_wire.codes import Code

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.conversation import Conversation, Situation
    from sotto_client.life import Life
    from sotto_client.link import Link
    from sotto_client.own_commits import Plan
    from sotto_client.store import DeviceStore
    from sotto_client.trust_keeper import TrustKeeper
    from sotto_wire.ids import DeviceKey, Millis

RETRY_MS: Final = 2000
AGAIN: Final = frozenset({Code.TOO_FAST, Code.MAILBOX_FULL, Code.UNAVAILABLE})
"""Refusals that pass by themselves."""


@dataclass(frozen=True, slots=True)
class World:
    """What a conversation runs in."""

    me: DeviceKey
    link: Link
    store: DeviceStore
    keeper: TrustKeeper
    life: Life
    relay_now: Callable[[], Millis]
    entropy: Callable[[int], bytes]


class Planner(Protocol):
    """Says which commit is wanted, beyond those that tidy up."""

    async def plan(self, conversation: Conversation, situation: Situation) -> Plan | None:
        """The next commit; asked again and again until it stands or was refused. None: nothing is wanted."""
        ...

    def taken(self, receipt: bytes) -> None:
        """A commit was taken, with this receipt for the decision it carried."""
        ...

    def failed(self, plan: Plan, code: str) -> None:
        """Our own gate, or the relay, refused it for good: it must not be asked for again."""
        ...

    async def stuck(self, conversation: Conversation) -> None:
        """The customer's device cannot follow its own group: asked once a socket."""
        ...


class NoPlans:
    """The planner of who commits nothing."""

    async def plan(self, conversation: Conversation, situation: Situation) -> Plan | None:  # noqa: ARG002 - see Planner
        return None

    def taken(self, receipt: bytes) -> None:  # noqa: ARG002 - see Planner
        return

    def failed(self, plan: Plan, code: str) -> None:  # noqa: ARG002 - see Planner
        return

    async def stuck(self, conversation: Conversation) -> None:  # noqa: ARG002 - see Planner
        return
