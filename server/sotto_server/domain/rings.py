"""Which bells to ring after a commit. A ring says *look*, never what there is to see; it may be lost, doubled or late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from sotto_wire.ids import ConversationId, DeskId, DeviceKey

if TYPE_CHECKING:
    from collections.abc import Iterable


class Rings(Struct, frozen=True):
    """Everything one commit has to announce."""

    conversations: dict[DeviceKey, frozenset[ConversationId]] = {}
    """Which conversations each device should look at. By device, so that a line finds its own in one step."""
    devices: frozenset[DeviceKey] = frozenset()
    """Devices whose own standing changed (credential issued, renewed, revoked)."""
    desks: frozenset[DeskId] = frozenset()
    trust: bool = False
    """A newer trust document is in force: every line looks."""
    incidents: bool = False
    """A notice of an incident was published: every line looks at its conversations."""
    low: dict[DeviceKey, int] = {}
    """Devices that have few single-use key packages left, and how many."""
    cut: frozenset[DeviceKey] = frozenset()
    """Sockets of these devices are closed with 4403."""

    def __bool__(self) -> bool:
        return bool(
            self.conversations or self.devices or self.desks or self.trust or self.incidents or self.low or self.cut
        )


def look_at(conversation: ConversationId, devices: Iterable[DeviceKey]) -> Rings:
    """Ring these devices about one conversation."""
    return Rings(conversations=dict.fromkeys(devices, frozenset((conversation,))))


def all_of(rings: Iterable[Rings]) -> Rings:
    """One ring for many commits."""
    each = [one for one in rings if one]
    conversations: dict[DeviceKey, frozenset[ConversationId]] = {}
    for one in each:
        for device, rung in one.conversations.items():
            conversations[device] = conversations.get(device, frozenset()) | rung
    return Rings(
        conversations=conversations,
        devices=frozenset().union(*(one.devices for one in each)),
        desks=frozenset().union(*(one.desks for one in each)),
        trust=any(one.trust for one in each),
        incidents=any(one.incidents for one in each),
        low={device: left for one in each for device, left in one.low.items()},
        cut=frozenset().union(*(one.cut for one in each)),
    )
