"""A relay that lets anybody continue anybody's conversation: the agent that was in it believes its own customer only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.demo_town import branch_of
from tests.support.permissive_relay import UnsafeForTestsSotto
from tests.support.programs import Programs, hear
from tests.support.stolen_conversation import steal

from sotto_cli.demo.places import DESK
from sotto_client.entries import Reconnected
from sotto_wire.refusals import WrongStage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.support.demo_town import Town


@pytest.fixture(scope="module")
def careless_town(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town with a relay that judges nothing."""
    with branch_of(town, tmp_path_factory.mktemp("spliced") / "demo", sotto=UnsafeForTestsSotto) as branch:
        yield branch


@pytest.fixture
async def visitors(careless_town: Town, tmp_path: Path) -> AsyncIterator[Programs]:
    async with Programs(careless_town, tmp_path) as people:
        yield people


@pytest.mark.parametrize("names_the_victim", [False, True], ids=["an invented predecessor", "a forged signature"])
async def test_the_agent_does_not_follow_a_stranger_into_the_next_group(
    visitors: Programs, *, names_the_victim: bool
) -> None:
    victim, agent = await visitors.customer("victim"), await visitors.agent()
    chat = await agent.joined(await agent.take(DESK, victim.conversation.id))
    victim.say("My card ends in 4711")
    assert await hear(chat, 1) == ["My card ends in 4711"]
    chat.say("Thank you")
    assert await hear(victim, 1) == ["Thank you"]

    thief = await steal(visitors, "thief", victim=victim, names_the_victim=names_the_victim)
    after = await chat.until(lambda conversation: conversation.is_over)
    assert (after.broken, after.group, after.goes_on_in) == ("untrusted", 1, 2)
    assert [each.text for each in after.messages] == ["My card ends in 4711", "Thank you"]
    assert not [each for each in after.entries if isinstance(each, Reconnected)]
    with pytest.raises(WrongStage):
        chat.say("To whom?")
    thief.say("What did I say before?")
    await thief.chat.settled()
    assert [each.text for each in thief.conversation.messages] == ["What did I say before?"]
    assert [each.text for each in chat.conversation.messages] == ["My card ends in 4711", "Thank you"]


async def test_the_true_customer_is_followed_through_the_same_relay(visitors: Programs) -> None:
    customer, agent = await visitors.customer(), await visitors.agent()
    chat = await agent.joined(await agent.take(DESK, customer.conversation.id))
    await customer.until(lambda conversation: conversation.member.epoch > 0)
    await customer.chat._planner.stuck(customer.conversation)
    customer.say("It is me")
    assert await hear(chat, 1) == ["It is me"]
    assert chat.conversation.group == 2
