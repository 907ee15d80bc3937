"""A certified agent's device that is let in and then breaks the rules: it commits what it likes and asks no gate of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Self

import msgspec
from aiohttp import ClientSession
from tests.support.imposters import Imposter, now_ms
from tests.support.wire_client import a_client

from sotto_cli.demo.places import DESK
from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.mls.commit_gate import read_note
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_wire.claims import CommitNote, Signed, WelcomeBundle
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.frames import (
    Commit,
    Committed,
    DeviceChanged,
    EnrolDevice,
    Envelope,
    Follow,
    KeyPackagesHeld,
    PublishKeyPackages,
    Take,
    Taken,
    Welcomed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AsyncExitStack

    from tests.support.demo_town import Town
    from tests.support.wire_client import WireClient

    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.mls.extensions import Extensions
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.mls.leaf_node import LeafNode


@dataclass
class RogueAgent:
    """At the desk of a relay. `member` is its place in the conversation that it was let into last."""

    device: Imposter
    client: WireClient
    identity: bytes = b""
    conversation: bytes = b""
    member: Member | None = None
    start: Signed | None = None
    refs: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    async def at_the_desk(cls, town: Town, ends: AsyncExitStack, *, agent: str) -> Self:
        """Signs in, has its device approved."""
        origin = town.places.relay_url
        client = await ends.enter_async_context(a_client(town.places.relay_port, origin=origin))
        rogue = cls(Imposter.new(), client)
        token = await _sign_in(town, agent)
        await client.hello(rogue.device.key, session=token)
        await client.next(Welcomed)
        await client.send(EnrolDevice(ref=next(rogue.refs), label="A device"))
        while not rogue.identity:
            rogue.identity = (await client.next(DeviceChanged)).credential or b""
        return rogue

    async def get_let_in(self) -> None:
        """Takes the next conversation, as every agent does, and joins by the Welcome."""
        own = self.device.key_package(self.identity)
        packages = [own.public.to_message()]
        await self.client.send(PublishKeyPackages(ref=next(self.refs), packages=packages, last_resort=None))
        await self.client.next(KeyPackagesHeld)
        await self.client.send(Take(ref=next(self.refs), desk=DESK, conversation=None))
        card = (await self.client.next(Taken)).card
        after = min(card.since, card.head)
        await self.client.send(Follow(ref=next(self.refs), conversation=card.conversation, after=after))
        envelope = await self.client.next(Envelope)
        while envelope.kind != "welcome" or envelope.conversation != card.conversation:
            envelope = await self.client.next(Envelope)
        bundle = decode_claims(envelope.body, WelcomeBundle)
        self.conversation = card.conversation
        self.start = read_note(parse_commit(bundle.commit)).decision
        self.member = join(bundle.welcome, own, signing_key=SecretBytes(self.device.key.reveal_seed()))

    @property
    def own_leaf(self) -> LeafNode:
        leaf = self._member.group.leaf(self._member.own_leaf)
        assert leaf is not None
        return leaf

    @property
    def _member(self) -> Member:
        assert self.member is not None, "not let in yet"
        return self.member

    def with_face(self, leaf: LeafNode) -> Member:
        """This member, convinced that its leaf always looked like that."""
        group = self._member.group
        tree = group.tree.with_nodes([(2 * self._member.own_leaf, leaf)])
        return replace(self._member, group=replace(group, tree=tree))

    async def commit(
        self,
        *,
        add: Sequence[KeyPackage] = (),
        remove: Sequence[int] = (),
        extensions: Extensions | None = None,
        as_member: Member | None = None,
        **note: object,
    ) -> Committed:
        """Any well-made commit; the relay's answer that it stands."""
        blank = CommitNote(committed_at=now_ms(), relies_on=None, decision=None, trust_version=None)
        pending = create_commit(
            as_member or self._member,
            authenticated_data=encode_claims(msgspec.structs.replace(blank, **note)),
            entropy=os.urandom,
            add=add,
            remove=remove,
            extensions=extensions,
        )
        frame = Commit(
            ref=next(self.refs),
            conversation=self.conversation,
            group=1,
            epoch=self._member.epoch,
            commit=pending.message,
            welcome=pending.welcome,
        )
        await self.client.send(frame)
        return await self.client.next(Committed)


async def _sign_in(town: Town, agent: str) -> str:
    address, origin = f"{town.places.relay_url}/v1/sign-in", town.places.relay_url
    body = {"agent": agent, "password": town.password(agent)}
    async with ClientSession(headers={"Origin": origin}) as http, http.post(address, json=body) as answer:
        token: str = (await answer.json())["session"]
        return token
