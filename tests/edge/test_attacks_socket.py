"""Attacks over a real socket, each of which once worked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
from msgspec.structs import replace
from tests.support.relay_people import TALK, a_conversation, ciphertext, open_it
from tests.support.running_relay import PASSWORD, PUBLIC, Running
from tests.support.wire_client import signed_in

from sotto_keys.shared.secret import SecretSigningKey
from sotto_server.domain.conversation import Member
from sotto_wire.frames import Post, Posted, Refusal
from sotto_wire.ids import DeskId, SiteId
from sotto_wire.limits import MESSAGES_PER_10_S

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation

CUSTOMER = SecretSigningKey(b"c" * 32)
AGENT = SecretSigningKey(b"a" * 32)


def a_talk(running: Running) -> Conversation:
    now = running.relay.clock.now()
    members = (Member(device=CUSTOMER.public, role="customer", since=0),)
    talk = replace(a_conversation(opened_at=now), customer=CUSTOMER.public, members=members)
    return running.store.commit(open_it, replace(talk, site=SiteId("shop"), desk=DeskId("support")), now)


def a_post(number: int) -> Post:
    return Post(ref=number, conversation=TALK, group=1, epoch=1, number=number, message=ciphertext(TALK))


async def test_connecting_again_does_not_begin_to_count_messages_again(running: Running) -> None:
    a_talk(running)
    async with signed_in(running.port, CUSTOMER) as (customer, _):
        await customer.send(*(a_post(number) for number in range(1, MESSAGES_PER_10_S + 1)))
        for _ in range(MESSAGES_PER_10_S):
            await customer.next(Posted)
    async with signed_in(running.port, CUSTOMER) as (customer, _):
        await customer.send(a_post(MESSAGES_PER_10_S + 1))
        refusal = await customer.next(Refusal)
        assert (refusal.ref, refusal.code) == (MESSAGES_PER_10_S + 1, "too_fast")


async def test_signing_out_ends_the_sockets_at_once(running: Running) -> None:
    async with aiohttp.ClientSession(headers={"Origin": PUBLIC}) as http:
        answer = await http.post(f"{running.url}/v1/sign-in", json={"agent": "ada", "password": PASSWORD})
        session = str((await answer.json())["session"])
        async with signed_in(running.port, AGENT, session=session) as (agent, _), asyncio.timeout(2):
            await http.post(f"{running.url}/v1/sign-out", headers={"Authorization": f"Bearer {session}"})
            assert await agent.close_code() == 4401
