"""What one socket listens to and has been told already. Collecting may repeat itself; a line passes on only what is news."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from sotto_server.domain.speaker import Interest
from sotto_wire.frames import (
    Complained,
    ConversationChanged,
    CustomerAsked,
    Delivered,
    DeviceChanged,
    Envelope,
    Follow,
    Frame,
    Handoffs,
    IncidentNotice,
    Proposal,
    Queue,
    RequestChanged,
    TrustUpdate,
    WatchQueue,
    Welcomed,
    WhoIsHere,
)
from sotto_wire.ids import ConversationId, DeskId

if TYPE_CHECKING:
    from sotto_server.domain.rings import Rings
    from sotto_server.domain.speaker import Collected
    from sotto_wire.ids import DeviceKey


class Line:
    """One socket's ears. Not a queue: a slow reader costs flags, not memory."""

    def __init__(self, device: DeviceKey) -> None:
        self.device = device
        self._after: dict[bytes, int] = {}
        self._told: dict[tuple[str, bytes], object] = {}
        self._rung: set[ConversationId] = set()
        self._new: set[ConversationId] = set()
        self._watched: dict[str, bool] = {}
        self._device = self._trust = self._everything = False

    def begin(self, welcomed: Welcomed) -> None:
        """`welcomed` tells the stages and the device's state; the rest is due."""
        for card in welcomed.conversations:
            self._told["stage", card.conversation] = (card.stage, card.group, card.closes_at)
        if welcomed.device_state != "customer":
            self._told["device", b""] = DeviceChanged(
                device_state=welcomed.device_state,
                credential=welcomed.credential,
                key_packages=welcomed.key_packages,
                last_resort_until=welcomed.last_resort_until,
            )
        self._told["handoffs", b""] = Handoffs(given=[], offered=[])
        self._everything = True

    def follow(self, frame: Follow) -> None:
        self._after[frame.conversation] = frame.after
        self._told.pop(("delivered", frame.conversation), None)
        self._rung.add(ConversationId(frame.conversation))
        self._new.add(ConversationId(frame.conversation))

    def watch(self, frame: WatchQueue) -> None:
        self._watched[frame.desk] = True
        self._told.pop(("desk", frame.desk.encode()), None)

    def hear(self, rings: Rings) -> bool:
        """Note what concerns this device; whether anything does."""
        self._rung |= rings.conversations.get(self.device, frozenset())
        self._device |= self.device in rings.devices
        self._trust |= rings.trust
        self._everything |= rings.incidents
        for desk in rings.desks & self._watched.keys():
            self._watched[desk] = True
        return self.is_due()

    def look_at_everything(self) -> None:
        self._everything = True

    def is_due(self) -> bool:
        return bool(self._rung or self._device or self._trust or self._everything or any(self._watched.values()))

    def interest(self) -> Interest | None:
        """What is due, which is thereby no longer due; none when nothing is."""
        if not self.is_due():
            return None
        everything = self._everything
        desks = frozenset(DeskId(name) for name, due in self._watched.items() if due or everything)
        interest = Interest(
            followed={
                ConversationId(each): self._after[each] for each in self._after if everything or each in self._rung
            },
            newly_followed=frozenset(self._new),
            conversations=frozenset(self._rung),
            desks=desks,
            device=self._device or everything,
            trust=self._trust,
            everything=everything,
        )
        self._rung, self._new, self._watched = set(), set(), dict.fromkeys(self._watched, False)
        self._device = self._trust = self._everything = False
        return interest

    def news(self, collected: Collected) -> list[Frame]:
        """The frames this socket has not been told yet, in order."""
        base = collected.interest.followed
        # A cursor moved while it was collected: those envelopes start at the wrong place, so they are collected anew.
        moved = {each for each, after in base.items() if self._after.get(each) != after}
        self._rung |= moved
        if collected.more:
            # What the limit cut off is asked for again, whole: telling twice costs nothing here.
            self._rung |= base.keys() | collected.interest.conversations
            self._new |= collected.interest.newly_followed
            self._everything |= collected.interest.everything
            self._device |= collected.interest.device
        return [frame for frame in collected.frames if self._is_news(frame, moved)]

    def _is_news(self, frame: Frame, moved: set[ConversationId]) -> bool:
        if isinstance(frame, Envelope):
            return self._is_next(frame, moved)
        told = _told_by(frame)
        return told is None or self._differs(*told)

    def _is_next(self, envelope: Envelope, moved: set[ConversationId]) -> bool:
        conversation, seq = envelope.conversation, envelope.seq
        if conversation in moved or seq <= self._after.get(conversation, seq):
            return False
        self._after[conversation] = seq
        return True

    def _differs(self, kind: str, name: bytes, value: object) -> bool:
        if self._told.get((kind, name)) == value:
            return False
        self._told[kind, name] = value
        return True


def _told_by(frame: Frame) -> tuple[str, bytes, object] | None:  # noqa: C901, PLR0912 - a table of frames
    """What a frame says, of what, and how it stands; none for what is always news."""
    match frame:
        case Delivered(conversation=conversation, seq=seq):
            return "delivered", conversation, seq
        case ConversationChanged(card=card):
            return "stage", card.conversation, (card.stage, card.group, card.closes_at)
        case Proposal(conversation=conversation, group=group, key_package=package):
            return "proposal", conversation, (group, package)
        case Complained(conversation=conversation, device=device):
            return "complaint", conversation + device, frame
        case CustomerAsked(conversation=conversation, request=request):
            return "asked", conversation, request
        case RequestChanged(request=request, standing=standing):
            return "request", request, standing
        case Queue(desk=desk):
            return "desk", desk.encode(), frame
        case Handoffs():
            return "handoffs", b"", frame
        case DeviceChanged():
            return "device", b"", frame
        case WhoIsHere(conversation=conversation, customer=customer, desk=desk):
            return "here", conversation, (customer, desk)
        case TrustUpdate(bundle=bundle):
            return "trust", b"", bundle
        case IncidentNotice(conversation=conversation, notice=notice):
            # By digest: a line remembers flags, not documents.
            return "incident", conversation + sha256(notice).digest(), True
        case _:
            return None
