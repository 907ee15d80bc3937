"""Another policy comes into force while programs talk: the assistant is out and decrypts nothing more, the chat goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.demo_town import branch_of
from tests.support.new_policy import bring_into_force
from tests.support.policies import EXAMPLE, edited
from tests.support.programs import Programs, hear

from sotto_wire.refusals import NotOffered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.support.demo_town import Town

    from sotto_client import Agent
    from sotto_wire.ids import ConversationId


@pytest.fixture
def branch(town: Town, tmp_path: Path) -> Iterator[Town]:
    """A policy that is in force stays: nobody else's town."""
    with branch_of(town, tmp_path / "branch") as built:
        yield built


@pytest.fixture
async def people(branch: Town, tmp_path: Path) -> AsyncIterator[Programs]:
    async with Programs(branch, tmp_path) as programs:
        yield programs


async def let_in(agent: Agent, conversation: ConversationId, moment: str) -> None:
    await agent.ask(conversation, moment, (await agent.candidates(conversation, moment))[0])


@pytest.mark.timeout(180)
async def test_the_assistant_is_out_when_another_company_is_responsible(branch: Town, people: Programs) -> None:
    customer, ana, chat = await people.in_a_chat(decide=lambda _: "given")
    steam, ben = await people.agent("steam"), await people.agent("ben")
    await let_in(ana, chat.conversation.id, "ai_assistant")
    inside = await steam.invited()
    await let_in(ana, chat.conversation.id, "second_agent")
    beside = await ben.invited()
    await customer.until(lambda now: len(now.member.group.roster()) == 4)
    customer.say("Together")
    assert await hear(inside, 1) == ["Together"]

    bring_into_force(branch, edited('legal_id = "IE 612345"', 'legal_id = "IE 999999"'), name="another-company")

    await inside.until(lambda now: now.broken == "removed")
    await customer.until(lambda now: len(now.member.group.roster()) == 3)
    customer.say("After")
    assert await hear(chat, 2) == ["Together", "After"]
    assert await hear(beside, 2) == ["Together", "After"]
    assert [each.text for each in inside.conversation.messages] == ["Together"]
    assistant = next(each for each in customer.decisions if each.moment == "ai_assistant")
    assert assistant.invalidated_at > 0
    assert assistant.withdrawal is None
    await ana.until(
        lambda: (
            {each.moment: each.standing for each in ana.questions(chat.conversation.id)}
            == {"ai_assistant": "invalidated", "second_agent": "given"}
            or None
        )
    )
    with pytest.raises(NotOffered):
        await ana.candidates(chat.conversation.id, "ai_assistant")
    assert await customer.receipts()


@pytest.mark.timeout(180)
async def test_a_policy_that_came_and_went_while_the_customer_was_away_leaves_no_chat_that_stands_still(
    branch: Town, people: Programs
) -> None:
    customer, ana, chat = await people.in_a_chat(decide=lambda _: "given")
    steam = await people.agent("steam")
    await let_in(ana, chat.conversation.id, "ai_assistant")
    inside = await steam.invited()
    await customer.until(lambda now: len(now.member.group.roster()) == 3)
    await customer.stop()

    bring_into_force(branch, edited('legal_id = "IE 612345"', 'legal_id = "IE 999999"'), name="another-company")
    await ana.until(lambda: [each.standing for each in ana.questions(chat.conversation.id)] == ["invalidated"] or None)
    bring_into_force(branch, EXAMPLE, name="the-old-company")

    customer = await people.customer()
    await customer.until(lambda now: len(now.member.group.roster()) == 2)
    customer.say("After")
    assert await hear(chat, 1) == ["After"]
    await inside.until(lambda now: now.broken == "removed")
    assert inside.conversation.messages == ()
