"""Somebody is not there: what is written meanwhile rests on the devices and travels when they are back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.programs import hear

from sotto_cli.demo.places import DESK

if TYPE_CHECKING:
    from tests.support.programs import Programs


async def test_an_agent_takes_a_conversation_whose_customer_is_away(programs: Programs) -> None:
    customer = await programs.customer()
    customer.say("I have to get off the train now.")
    await customer.stop()
    agent = await programs.agent()
    await agent.waiting(DESK)
    await agent._begin.life.until(lambda: [each.customer for each in agent._line.queues[DESK].waiting] == ["away"])
    conversation = await agent.take(DESK)
    await agent._begin.life.until(lambda: conversation in agent.away)
    back = await programs.customer()
    chat = await agent.joined(conversation)
    assert await hear(chat, 1) == ["I have to get off the train now."]
    await agent._begin.life.until(lambda: conversation not in agent.away)
    chat.say("Welcome back!")
    assert await hear(back, 1) == ["Welcome back!"]


async def test_a_customer_who_waits_is_told_that_nobody_is_there_until_somebody_comes(programs: Programs) -> None:
    customer = await programs.customer()
    await customer._begin.life.until(lambda: customer.desk_is_here is False)
    await programs.agent()
    await customer._begin.life.until(lambda: customer.desk_is_here is True)
