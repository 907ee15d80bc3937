"""Somebody is not there: what is written meanwhile rests on the devices and travels when they are back."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.scenario.test_revocation import revoke
from tests.support.programs import hear

from sotto_cli.demo.places import DESK
from sotto_client.entries import Going
from sotto_wire.refusals import NotFound, WrongStage

if TYPE_CHECKING:
    from tests.support.demo_town import Town
    from tests.support.programs import Programs

    from sotto_client import Agent
    from sotto_wire.ids import ConversationId


async def test_an_agent_takes_a_conversation_whose_customer_is_away(programs: Programs) -> None:
    customer = await programs.customer()
    customer.say("I have to get off the train now.")
    await customer.stop()
    agent = await programs.agent()
    await agent.waiting(DESK)
    await agent._begin.life.until(lambda: ("new", "away") in waits(agent, customer.conversation.id))
    conversation = await agent.take(DESK, customer.conversation.id)
    await agent._begin.life.until(lambda: conversation in agent.away)
    back = await programs.customer()
    chat = await agent.joined(conversation)
    assert await hear(chat, 1) == ["I have to get off the train now."]
    await agent._begin.life.until(lambda: conversation not in agent.away)
    chat.say("Welcome back!")
    assert await hear(back, 1) == ["Welcome back!"]


async def test_a_revoked_agent_alone_with_an_absent_customer_waits_for_the_customers_device(
    programs: Programs, town: Town
) -> None:
    customer, lost = await programs.customer(), await programs.agent("ben", device="a-lost-phone")
    name = customer.conversation.id
    chat = await lost.joined(await lost.take(DESK, name))
    customer.say("Is it still under warranty?")
    assert await hear(chat, 1) == ["Is it still under warranty?"]
    await customer.stop()
    await revoke(town, lost)
    agent = await programs.agent()
    await agent._begin.life.until(lambda: ("agent_gone", "away") in waits(agent, name))
    await agent.take(DESK, name)
    back = await programs.customer()
    taken_over = await agent.joined(name)
    await back._begin.life.until(lambda: back.unanswered)
    assert [each.name for each in back.conversation.entries if isinstance(each, Going)] == ["Ben"]
    assert [each.text for each in back.unanswered] == ["Is it still under warranty?"]
    back.resend()
    assert await hear(taken_over, 1) == ["Is it still under warranty?"]
    assert back.unanswered == ()


def waits(agent: Agent, name: ConversationId) -> list[tuple[str, str]]:
    """Why this conversation stands in the queue, and whether its customer is there."""
    queue = agent.queue(DESK)
    return [(each.why, each.customer) for each in queue.waiting if each.conversation == name] if queue else []


async def test_a_customer_who_waits_is_told_that_nobody_is_there_until_somebody_comes(programs: Programs) -> None:
    customer = await programs.customer()
    await customer._begin.life.until(lambda: customer.desk_is_here is False)
    await programs.agent()
    await customer._begin.life.until(lambda: customer.desk_is_here is True)


async def test_where_nobody_is_on_call_no_message_can_be_left(programs: Programs) -> None:
    customer = await programs.customer()
    customer.say("Hello?")
    with pytest.raises(NotFound):
        await customer.leave_message()
    assert customer.conversation.stage == "waiting"


async def test_a_message_left_at_night_is_answered_in_the_morning(programs: Programs, town: Town) -> None:
    night = await programs.agent("ben", device="on-call-ben")
    other = await programs.agent("ana", device="on-call-ana")
    for each in (night, other):
        await put_on_call(town, each)
        await each.stop()
    customer = await programs.customer()
    name = customer.conversation.id
    await customer._begin.life.until(lambda: customer.desk_is_here is False)
    customer.say("My kettle does not boil.")
    await customer.leave_message()
    await customer.chat.settled()
    assert customer.conversation.stage == "left"
    await customer.stop()
    night = await programs.agent("ben", device="on-call-ben")
    other = await programs.agent("ana", device="on-call-ana")
    for each in (night, other):
        await each._begin.life.until(partial(is_left, each, name))
    chat = await night.answer(name)
    assert await hear(chat, 1) == ["My kettle does not boil."]
    with pytest.raises(WrongStage):
        await other.answer(name)
    chat.say("I am sending you a new one.")
    await chat.settled()
    back = await programs.customer()
    assert await hear(back, 1) == ["I am sending you a new one."]
    assert [each.credential.name for each in back.readers if each.credential] == ["Ben"]


def is_left(agent: Agent, name: ConversationId) -> bool:
    return name in agent.left


async def put_on_call(town: Town, agent: Agent) -> None:
    """The officer issues another credential for this device, with the role."""
    places, credential = town.places, agent.keys.credential(at=agent._line.relay_now())
    assert credential is not None
    office = ("--office", str(places.office), "--passphrase-file", str(places.passphrase))
    roles = ("--role", "agent", "--role", "on_call")
    asked = ("keys", "issue", agent.keys.request_code(), "--name", credential.name, "--desk", DESK)
    signed = await asyncio.to_thread(town.run, *asked, *roles, *office)
    await asyncio.to_thread(town.run, "trust", "publish", "--relay", places.relay_url, str(signed["file"]))
    await agent._begin.life.until(
        lambda: (now := agent.keys.credential(at=agent._line.relay_now())) is not None and "on_call" in now.roles
    )
