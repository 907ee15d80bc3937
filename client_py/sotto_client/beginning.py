"""What a customer's running conversation stands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sotto_client.life import Life
    from sotto_client.opening import Page
    from sotto_client.questions import Answer, Question
    from sotto_client.store import DeviceStore
    from sotto_client.trust_keeper import TrustKeeper
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_wire.ids import Millis


@dataclass(frozen=True, slots=True)
class Beginning:
    """All that a customer's conversation runs on; everything in it is on disk."""

    url: str
    page: Page
    key: SecretSigningKey
    store: DeviceStore
    keeper: TrustKeeper
    life: Life
    clock: Callable[[], Millis]
    entropy: Callable[[int], bytes]
    policy: Callable[[str], Awaitable[bytes]]
    """The policy file of that digest (hex), from the relay and not believed."""
    decide: Callable[[Question], Answer | None]
    """The program's answer to a question; none: it stays open until it runs out."""
