"""A relay in this process, a customer of the SDK and a certified agent's device that asks no gate of its own. No rules are broken here."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from tests.support.relay_people import look
from tests.support.relay_world import DESK, NOW, SHOP, SITE, AgentDevice, RelayWorld
from tests.support.running_relay import PUBLIC, Running, a_config, a_running_relay
from tests.vectors.trust_world import DAY, World, trust_document

from sotto_client import Customer, Page
from sotto_client.connection import Connection
from sotto_client.customer import Means
from sotto_client.device import CONSOLE, identity_of
from sotto_client.relay_http import socket_url
from sotto_keys.device.mls.committing import adopt_commit, create_commit
from sotto_keys.device.mls.joining import is_for, join
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.mls.commit_gate import read_note
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_server.app import Times
from sotto_server.domain.mailbox import StoredEnvelope
from sotto_server.domain.rings import look_at
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_wire.claims import CommitNote, Signed, WelcomeBundle
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.frames import Commit, Envelope, Follow, Take, Taken
from sotto_wire.ids import ConversationId, DeviceKey, Millis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sotto_client.conversation import Conversation
    from sotto_keys.device.mls.committing import PendingCommit
    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.mls.extensions import Extensions
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.strict_json import Json
    from sotto_server.ports import Unit

DEMO_POLICY: Final = Path(__file__).resolve().parents[2] / "demo" / "policy.example.toml"
POLICY: Final = DEMO_POLICY.read_bytes().replace(
    b'[[desks]]\nid = "support"\nlabel = { en = "Support"', b'[[desks]]\nid = "orders"\nlabel = { en = "Orders"'
)
PAGE: Final = Page(site=SITE, desk=DESK, root=World().pinned, origin=SHOP)
WITHIN_S: Final = 5.0


class StoppedClock:
    """The time that the documents of the tests are made for."""

    def now(self) -> Millis:
        return NOW


def trust_in_force(version: int = 2, **changes: Json) -> World:
    """The organisation with the shop's policy in force."""
    listed: Json = [{"digest": sha256(POLICY).hexdigest(), "nbf": NOW - DAY, "exp": NOW + DAY}]
    return World().with_trust(trust_document(version, **{"policies": listed, "issued": NOW} | changes))


@asynccontextmanager
async def a_shop_relay(folder: Path) -> AsyncIterator[tuple[Running, RelayWorld]]:
    """A relay of an organisation whose documents and policy a program can read."""
    async with a_running_relay(a_config(folder / "relay"), times=Times(), clock=StoppedClock()) as running:
        world = RelayWorld(running.store)
        world.do(publish_documents, Documents(trust=trust_in_force().trust, policies=(POLICY,)))
        yield running, world


async def a_customer(running: Running, state: Path) -> Customer:
    """Opens a conversation, or goes on with the one in `state`."""
    means = Means(clock=StoppedClock().now)
    return await Customer.open(running.url, PAGE, state=state, agree=lambda _: True, means=means)


def a_note(**changes: object) -> CommitNote:
    blank = CommitNote(committed_at=NOW, relies_on=None, decision=None, trust_version=None)
    return msgspec.structs.replace(blank, **changes)


@dataclass(frozen=True, slots=True)
class Made:
    """A commit that somebody wants to get through. A forged one was never followed by a library, and no public group can."""

    message: bytes
    welcome: bytes | None = None
    is_forged: bool = False


@dataclass
class RogueMember:
    """An agent's device in a group."""

    device: AgentDevice
    line: Connection
    conversation: ConversationId
    member: Member
    start: Signed
    """The decision that let it in."""

    @classmethod
    async def let_in(cls, line: Connection, device: AgentDevice, conversation: ConversationId) -> RogueMember:
        """Takes the conversation, waits for the customer's Add, joins."""
        taken = await line.ask(lambda ref: Take(ref=ref, desk=DESK, conversation=conversation))
        assert isinstance(taken, Taken)
        after = min(taken.card.since, taken.card.head)
        await line.ask(lambda ref: Follow(ref=ref, conversation=conversation, after=after))
        bundle = decode_claims((await _next(line, "welcome")).body, WelcomeBundle)
        own = next(each for each in device.packages if is_for(bundle.welcome, each))
        start = read_note(parse_commit(bundle.commit)).decision
        assert start is not None
        member = join(bundle.welcome, own, signing_key=SecretBytes(device.key.reveal_seed()))
        return cls(device, line, conversation, member, start)

    def commit(
        self,
        note: CommitNote | None = None,
        *,
        add: Sequence[KeyPackage] = (),
        remove: Sequence[int] = (),
        extensions: Extensions | None = None,
        as_member: Member | None = None,
    ) -> PendingCommit:
        """Any well-made commit."""
        return create_commit(
            as_member or self.member,
            authenticated_data=encode_claims(note or a_note()),
            entropy=self.device.dice,
            add=add,
            remove=remove,
            extensions=extensions,
        )

    async def submit(self, made: Made | PendingCommit) -> None:
        """Raises the relay's refusal."""
        epoch = self.member.epoch
        await self.line.ask(
            lambda ref: Commit(
                ref=ref,
                conversation=self.conversation,
                group=1,
                epoch=epoch,
                commit=made.message,
                welcome=made.welcome,
            )
        )

    async def commits(self, pending: PendingCommit) -> None:
        """A commit that the list allows: handed in and adopted."""
        await self.submit(pending)
        while (await _next(self.line, "commit")).body != pending.message:
            pass
        self.member = adopt_commit(self.member, pending)

    async def follows(self) -> None:
        """The next commit of somebody else."""
        member = process_commit(self.member, (await _next(self.line, "commit")).body).member
        assert member is not None
        self.member = member


async def _next(line: Connection, kind: str) -> Envelope:
    async with asyncio.timeout(WITHIN_S):
        while True:
            frame = await line.next_pushed()
            assert frame is not None, "the relay closed"
            if isinstance(frame, Envelope) and frame.kind == kind:
                return frame


@dataclass
class Scene:
    """One conversation, with its victim and the device that was let in."""

    running: Running
    world: RelayWorld
    customer: Customer
    rogue: RogueMember
    trust_version: int = field(default=2)

    @property
    def head(self) -> int:
        """How much the relay has taken in this conversation."""
        return self.world.conversation(self.rogue.conversation).head

    async def slip_in(self, message: bytes) -> None:
        """Past every check of the relay, those of its public group included: into the mailbox."""
        await self.running.relay.committer.submit(_slip, (self.rogue, message), NOW)

    async def customer_commits(self, pending: PendingCommit) -> None:
        """What the SDK has no words for yet, such as withdrawing: by its own outbox of commits."""
        chat, epoch = self.customer.chat, pending.group.epoch
        chat._keep(replace(chat.conversation, pending=pending))
        chat.look_again()
        await self.customer.until(lambda conversation: conversation.member.epoch == epoch)
        await self.rogue.follows()

    async def broken(self) -> Conversation:
        """The customer's conversation, once its device takes no further part."""
        async with asyncio.timeout(WITHIN_S):
            return await self.customer.until(lambda conversation: conversation.broken is not None)

    async def revoke(self, cred_id: str) -> None:
        """Everybody has heard of it when this returns."""
        self.trust_version += 1
        revoked: Json = [{"cred_id": cred_id, "at": NOW, "reason": "lost"}]
        trust = trust_in_force(self.trust_version, revoked=revoked).trust
        await self.running.relay.committer.submit(publish_documents, Documents(trust=trust), NOW)
        keeper = self.customer._begin.keeper
        await self.customer.until(lambda _: keeper.state.trust.version == self.trust_version)


def _slip(unit: Unit, slipped: tuple[RogueMember, bytes], /, *, now: Millis) -> None:
    rogue, message = slipped
    conversation = look(unit, rogue.conversation, now=now)
    assert conversation is not None
    unit.mail.append(
        StoredEnvelope(
            conversation=conversation.key,
            seq=conversation.head + 1,
            group=1,
            epoch=conversation.epoch,
            kind="commit",
            sender=DeviceKey(rogue.device.key.public),
            number=0,
            posted_at=now,
            expires_at=Millis(now + DAY),
            recipient=None,
            body=message,
        )
    )
    unit.mail.keep(msgspec.structs.replace(conversation, head=conversation.head + 1))
    unit.ring(look_at(conversation.id, conversation.readers()))


async def a_line(running: Running, device: AgentDevice) -> Connection:
    """The signed-in socket of an agent's device that `RelayWorld.equip` knows."""
    me = identity_of(device.key, role="agent", site=CONSOLE, origin=PUBLIC, session=device.agent)
    return await Connection.open(socket_url(running.url), me)


@asynccontextmanager
async def a_scene(folder: Path) -> AsyncIterator[Scene]:
    """The customer has let the rogue in, lawfully."""
    async with a_shop_relay(folder) as (running, world):
        device = AgentDevice()
        world.equip(device, packages=1)
        line = await a_line(running, device)
        customer = await a_customer(running, folder / "customer")
        try:
            rogue = await RogueMember.let_in(line, device, customer.conversation.id)
            await customer.until(lambda conversation: conversation.member.epoch == 1)
            yield Scene(running, world, customer, rogue)
        finally:
            await customer.stop()
            await line.close()
