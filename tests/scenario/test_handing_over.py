"""Agents hand a conversation over inside their desk, with the customer's device there or away. The removed device reads nothing more."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.support.captured_store import Thief, overheard
from tests.support.programs import hear

from sotto_cli.demo.places import DESK
from sotto_client import LinkLost
from sotto_client.entries import Coming, Going
from sotto_client.receiving import REMOVED
from sotto_wire.refusals import NobodyThere, WrongStage

if TYPE_CHECKING:
    from tests.support.demo_town import Town
    from tests.support.programs import Programs

    from sotto_client import Agent, Chat, Customer


async def handed_over(giver: Agent, taker: Agent, chat: Chat, *, to: str | None) -> Chat:
    """The whole way; the conversation as the taker sees it."""
    name = chat.conversation.id
    await giver.hand_off(name, to)
    assert (await taker.asked()).conversation == name
    await taker.take(DESK, name)
    return await taker.joined(name)


async def test_who_takes_over_reads_new_messages_only_and_who_left_none_of_them(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben = await programs.agent("ben")
    customer.say("My lid is cracked")
    assert await hear(chat, 1) == ["My lid is cracked"]
    assert [each.name for each in await ana.colleagues(chat.conversation.id)] == ["Ben"]
    chat_of_ben = await handed_over(ana, ben, chat, to="ben")
    assert await ana.handed_off(chat.conversation.id) == REMOVED
    await changed(customer, 3)
    customer.say("Hello Ben")
    assert await hear(chat_of_ben, 1) == ["Hello Ben"]
    chat_of_ben.say("Hello!")
    assert await hear(customer, 1) == ["Hello!"]
    assert [each.text for each in chat_of_ben.conversation.messages] == ["Hello Ben", "Hello!"]
    assert [each.text for each in chat.conversation.messages] == ["My lid is cracked"]
    assert [each.device for each in customer.readers] == [each.device for each in chat_of_ben.readers]
    assert customer.conversation.words == chat_of_ben.conversation.words
    told = [each for each in customer.conversation.entries if isinstance(each, Coming | Going)]
    assert [(type(each), each.name) for each in told] == [(Coming, "Ana"), (Coming, "Ben"), (Going, "Ana")]
    with pytest.raises(WrongStage):
        chat.say("Can you still hear me?")
    assert [name for name in ana._begin.store.names("") if chat.conversation.id.hex() in name] == []


async def test_who_takes_over_gets_what_was_said_before_if_the_customer_shares_it_and_who_left_cannot_open_it(
    programs: Programs,
) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben = await programs.agent("ben")
    customer.say("My lid is cracked")
    assert await hear(chat, 1) == ["My lid is cracked"]
    chat.say("Which one?")
    assert await hear(customer, 1) == ["Which one?"]
    name = chat.conversation.id
    await ana.hand_off(name, "ben")
    await ben.asked()
    await ben.take(DESK, name)
    # At once: often between the Add and the Remove, so that it is sealed for both epochs, one after the other.
    await customer.until(lambda _: bool(customer.shareable))
    (question,) = customer.shareable
    assert question.name == "Ben"
    customer.share_earlier(question.device)
    chat_of_ben = await ben.joined(name)
    await chat_of_ben.until(lambda now: bool(now.earlier_messages))
    told = [(each.whose, each.name, each.text) for each in chat_of_ben.conversation.earlier_messages]
    assert told == [("customer", "", "My lid is cracked"), ("person", "Ana", "Which one?")]
    assert await ana.handed_off(name) == REMOVED
    assert not chat.conversation.earlier_messages
    await customer.chat.settled()


async def changed(customer: Customer, epoch: int) -> None:
    """Wait until the customer's device is in this epoch."""
    await customer.until(lambda conversation: conversation.member.epoch == epoch)


async def test_the_removed_device_cannot_read_the_next_message_with_any_key_it_ever_had(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben = await programs.agent("ben")
    at_ana = Thief.at(ana._begin.store, programs.folder / "of ana", monkeypatch)
    envelopes, name = overheard(customer, monkeypatch), chat.conversation.id
    customer.say("Before")
    assert await hear(chat, 1) == ["Before"]
    chat_of_ben = await handed_over(ana, ben, chat, to="ben")
    assert await ana.handed_off(name) == REMOVED
    at_ben = Thief(ben._begin.store, programs.folder / "of ben")
    at_ben.copy()
    await changed(customer, 3)
    for text in ("The next message", "The one after"):
        customer.say(text)
    assert await hear(chat_of_ben, 2) == ["The next message", "The one after"]
    chat_of_ben.say("And the answer")
    assert await hear(customer, 1) == ["And the answer"]
    loot = at_ana.reads(name, envelopes)
    # From before the handoff, and from between the Add and the Remove.
    assert {each.epoch for each in loot} == {1, 2}
    assert loot[0].texts == ["Before"]
    assert {text for each in loot for text in each.texts} == {"Before"}
    # Also with the Add that was on its way, and with all keys of the epoch between, the Remove stays shut.
    assert any(each.sealed_tried > 0 for each in loot if each.epoch == 2)
    assert any(each.sealed_tried > 0 for each in loot if each.epoch == 1)
    # The same thief, with the newcomer's store, reads what is sent after, and nothing from before.
    (of_ben,) = at_ben.reads(name, envelopes)
    assert of_ben.texts[:2] == ["The next message", "The one after"]


async def test_a_conversation_is_handed_over_while_the_customers_device_is_away(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben = await programs.agent("ben")
    customer.say("I am off for lunch")
    assert await hear(chat, 1) == ["I am off for lunch"]
    await customer.stop()
    chat_of_ben = await handed_over(ana, ben, chat, to=None)
    assert await ana.handed_off(chat.conversation.id) == REMOVED
    chat_of_ben.say("Welcome back")
    await chat_of_ben.settled()
    customer = await programs.customer()
    assert await hear(customer, 1) == ["Welcome back"]
    assert [each.device for each in customer.readers] == [each.device for each in chat_of_ben.readers]
    customer.say("Who are you?")
    assert await hear(chat_of_ben, 1) == ["Who are you?"]


async def test_it_comes_back_to_who_had_it_first(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben, name = await programs.agent("ben"), chat.conversation.id
    chat.say("One")
    assert await hear(customer, 1) == ["One"]
    chat_of_ben = await handed_over(ana, ben, chat, to="ben")
    await ana.handed_off(name)
    customer.say("For Ben alone")
    assert await hear(chat_of_ben, 1) == ["For Ben alone"]
    chat = await handed_over(ben, ana, chat_of_ben, to="ana")
    assert await ben.handed_off(name) == REMOVED
    await changed(customer, 5)
    chat.say("Two")
    assert await hear(customer, 1) == ["Two"]
    assert [each.text for each in chat.conversation.messages] == ["Two"]


async def test_a_colleague_says_no_and_nothing_has_changed(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben, name = await programs.agent("ben"), chat.conversation.id
    await ana.hand_off(name, "ben")
    await ben.asked()
    await ben.call_off(name)
    assert await ana.handed_off(name) == "declined"
    chat.say("Still me")
    assert await hear(customer, 1) == ["Still me"]
    assert customer.conversation.member.epoch == 1


async def test_a_giver_keeps_it_after_all(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben, name = await programs.agent("ben"), chat.conversation.id
    await ana.hand_off(name)
    await ben.asked()
    await ana.call_off(name)
    assert await ana.handed_off(name) == "kept"
    with pytest.raises(WrongStage):
        await ben.take(DESK, name)
    chat.say("Still me")
    assert await hear(customer, 1) == ["Still me"]


async def test_without_a_colleague_online_nobody_is_asked(programs: Programs) -> None:
    _, ana, chat = await programs.in_a_chat()
    assert await ana.colleagues(chat.conversation.id) == []
    with pytest.raises(NobodyThere):
        await ana.hand_off(chat.conversation.id, "ben")
    assert await ana.handed_off(chat.conversation.id) == "nobody_there"


async def test_a_giver_that_was_restarted_adds_nobody_it_does_not_remember_asking(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben, name = await programs.agent("ben"), chat.conversation.id
    await ana.hand_off(name)
    await ben.asked()
    await ana.stop()
    await ben.take(DESK, name)
    ana = await programs.agent()
    with pytest.raises(WrongStage):
        await ben.joined(name)
    ana.chats[name].say("I am back")
    assert await hear(customer, 1) == ["I am back"]
    assert customer.conversation.member.epoch == 1


async def test_a_relay_that_loses_power_in_the_middle_loses_no_handoff(programs: Programs, town: Town) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben, name = await programs.agent("ben"), chat.conversation.id
    await ana.hand_off(name, "ben")
    await ben.asked()
    await asyncio.to_thread(town.kill_relay)
    await asyncio.to_thread(town.start_relay)
    await take_when_online(ben, chat)
    chat_of_ben = await ben.joined(name)
    assert await ana.handed_off(name) == REMOVED
    customer.say("Hello Ben")
    assert await hear(chat_of_ben, 1) == ["Hello Ben"]


async def take_when_online(agent: Agent, chat: Chat) -> None:
    """Again after each line that was lost under it."""
    while True:
        await agent._begin.life.until(lambda: agent._line.link.is_online)
        with suppress(LinkLost):
            await agent.take(DESK, chat.conversation.id)
            return
        await asyncio.sleep(0)
