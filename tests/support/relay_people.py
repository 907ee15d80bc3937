"""People, conversations and frames that tests of the relay share. No keys: only what the relay's rules need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from sotto_server.domain.conversation import Conversation, Member
from sotto_server.domain.speaker import Asked, Speaker
from sotto_wire.frames import Acknowledge, Post
from sotto_wire.ids import AgentId, ConversationId, DeskId, DeviceKey, Digest, Millis, SiteId, group_id
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_server.domain.rings import Rings
    from sotto_server.ports import Unit, UseCase

C = TypeVar("C")
R = TypeVar("R")

NOW: Final = Millis(1_800_000_000_000)
HOUR: Final = 3600 * 1000
TALK: Final = ConversationId(b"conversation-one")
OTHER_TALK: Final = ConversationId(b"conversation-two")
CUSTOMER: Final = DeviceKey(b"C" * 32)
AGENT: Final = DeviceKey(b"A" * 32)
STRANGER: Final = DeviceKey(b"S" * 32)
DESK: Final = DeskId("orders")
SITE: Final = SiteId("shop")


def customer(device: DeviceKey = CUSTOMER) -> Speaker:
    return Speaker(role="customer", device=device, site=SITE, origin="https://shop.example", address=None)


def agent(device: DeviceKey = AGENT, name: str = "ada") -> Speaker:
    return Speaker(
        role="agent",
        device=device,
        site=SiteId("console"),
        origin="https://relay.example",
        address=None,
        agent=AgentId(name),
        token_digest=b"T" * 32,
    )


def a_conversation(
    name: ConversationId = TALK, *, stage: Stage = Stage.ACTIVE, opened_at: Millis = NOW, with_agent: bool = True
) -> Conversation:
    members = (Member(device=CUSTOMER, role="customer", since=0),)
    return Conversation(
        key=0,
        id=name,
        site=SITE,
        desk=DESK,
        customer=CUSTOMER,
        opening=Digest(b"O" * 32),
        opened_at=opened_at,
        closes_at=Millis(opened_at + 24 * HOUR),
        stage=stage,
        group=1,
        epoch=1,
        head=0,
        gone=0,
        committed_at=Millis(0),
        active_at=opened_at,
        waiting_since=opened_at,
        proposed=None,
        reserved_at=None,
        asked_at=None,
        members=(*members, Member(device=AGENT, role="agent", since=0)) if with_agent else members,
    )


def open_it(unit: Unit, conversation: Conversation, /, *, now: Millis) -> Conversation:  # noqa: ARG001 - a use case
    return unit.mail.open(conversation)


def look(unit: Unit, name: ConversationId, /, *, now: Millis) -> Conversation | None:  # noqa: ARG001 - a query
    return unit.mail.conversation(name)


def ciphertext(name: ConversationId = TALK, *, group: int = 1, epoch: int = 1, inside: bytes = b"sealed") -> bytes:
    return b"\x00\x01\x00\x02\x14" + group_id(name, group) + epoch.to_bytes(8, "big") + b"\x01\x00" + inside


def a_post(number: int = 1, *, by: Speaker | None = None, name: ConversationId = TALK, epoch: int = 1) -> Asked[Post]:
    message = ciphertext(name, epoch=epoch)
    frame = Post(ref=number, conversation=name, group=1, epoch=epoch, number=number, message=message)
    return Asked(frame, by or customer())


def an_ack(seq: int, *, by: Speaker | None = None, name: ConversationId = TALK) -> Asked[Acknowledge]:
    return Asked(Acknowledge(conversation=name, seq=seq), by or customer())


@dataclass
class Waiting:
    """A job of a batch."""

    use_case: UseCase[object, object]
    command: object
    now: Millis = NOW

    def run(self, unit: Unit) -> object:
        return self.use_case(unit, self.command, now=self.now)


@dataclass
class Here:
    """Presence as a test sets it: the devices of these people have a socket."""

    customers: set[DeviceKey] = field(default_factory=set)
    at_desk: list[DeviceKey] = field(default_factory=list)

    def is_here(self, device: DeviceKey) -> bool:
        return device in self.customers or device in self.at_desk

    def agents(self) -> tuple[DeviceKey, ...]:
        return tuple(self.at_desk)


class Heard:
    """Bells that remember."""

    def __init__(self) -> None:
        self.rings: list[Rings] = []

    def __call__(self, rings: Rings) -> None:
        self.rings.append(rings)
