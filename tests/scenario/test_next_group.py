"""State that is lost, old or broken, at either end of a real relay: the conversation goes on in its next group and nothing is lost."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.programs import hear

from sotto_client.conversation import STUCK
from sotto_client.entries import Gap, Message, Reconnected
from sotto_client.own_commits import Plan, with_commit
from sotto_client.questions import RECORD
from sotto_client.store import DeviceStore
from sotto_wire.frames import Commit, Post

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.demo_town import Town
    from tests.support.programs import Programs

    from sotto_client import Agent, Chat, Customer
    from sotto_client.conversation import Conversation


def spoil(state: Path, prefix: str) -> None:
    """Every row of that kind is damaged on this device's disk."""
    database = sqlite3.connect(state / "device.sqlite3", isolation_level=None)
    changed = database.execute(
        "UPDATE sealed SET body = zeroblob(length(body)) WHERE substr(name, 1, ?) = ?", (len(prefix), prefix)
    ).rowcount
    database.close()
    assert changed > 0


def texts(conversation: Conversation) -> list[str]:
    return [each.text for each in conversation.messages]


def reconnections(conversation: Conversation) -> int:
    return sum(isinstance(each, Reconnected) for each in conversation.entries)


async def in_group(place: Chat | Customer, group: int) -> Conversation:
    return await place.until(lambda conversation: conversation.group == group and conversation.member.epoch > 0)


async def both_talk(customer: Customer, chat: Chat, *, on: str) -> None:
    customer.say(f"{on}: can you read this?")
    assert await hear(chat, 1) == [f"{on}: can you read this?"]
    chat.say(f"{on}: yes")
    assert await hear(customer, 1) == [f"{on}: yes"]
    assert customer.conversation.words == chat.conversation.words


def malformed(customer: Customer) -> None:
    """The customer's device commits a path that the relay cannot fault and no member can follow."""
    chat = customer.chat
    planned = with_commit(chat.conversation, Plan(), situation=chat._situation())
    assert planned.pending is not None
    message = planned.pending.message
    # The membership tag: the relay has no key to check it with.
    bad = replace(planned.pending, message=message[:-1] + bytes([message[-1] ^ 1]))
    chat._keep(replace(chat.conversation, pending=bad))
    chat.look_again()


async def test_a_customer_whose_state_is_damaged_goes_on_in_the_next_group_with_its_agent(programs: Programs) -> None:
    customer, agent, chat = await programs.in_a_chat()
    await both_talk(customer, chat, on="first")
    await customer.stop()
    spoil(programs.folder / "customer", "conversation.")
    chat.say("Are you still there?")
    await chat.settled()
    customer = await programs.customer()
    await in_group(chat, 2)
    # It says that what was before is gone here, and the agent says again what the customer never got.
    assert [type(each) for each in customer.conversation.entries][:2] == [Gap, Reconnected]
    assert await hear(customer, 1) == ["Are you still there?"]
    await both_talk(customer, chat, on="second")
    log = ["first: can you read this?", "first: yes", "Are you still there?"]
    assert texts(chat.conversation) == [*log, "second: can you read this?", "second: yes"]
    assert (reconnections(chat.conversation), len(agent.chats)) == (1, len(agent.chats))
    assert customer.conversation.id == chat.conversation.id


async def test_nobody_waits_in_the_queue_for_it(programs: Programs) -> None:
    customer, agent, chat = await programs.in_a_chat()
    await customer.stop()
    spoil(programs.folder / "customer", "conversation.")
    customer = await programs.customer()
    await in_group(chat, 2)
    queue = agent.queue("support")
    assert queue is not None
    assert (queue.waiting_count, customer.ahead) == (0, 0)


async def test_an_agent_that_cannot_follow_says_so_and_reads_in_the_next_group_what_it_missed(
    programs: Programs,
) -> None:
    customer, _, chat = await programs.in_a_chat()
    await both_talk(customer, chat, on="first")
    malformed(customer)
    customer.say("You cannot read this yet")
    customer.say("Nor this")
    assert await hear(chat, 2) == ["You cannot read this yet", "Nor this"]
    await in_group(customer, 2)
    await both_talk(customer, chat, on="second")
    ours, theirs = texts(customer.conversation), texts(chat.conversation)
    assert ours == theirs
    assert len(ours) == len(set(ours)) == 6
    assert reconnections(customer.conversation) == reconnections(chat.conversation) == 1
    assert not [each for each in chat.conversation.entries if isinstance(each, Gap)]


async def test_what_the_agent_says_while_it_cannot_follow_is_sent_in_the_next_group(programs: Programs) -> None:
    customer, _, chat = await programs.in_a_chat()
    await both_talk(customer, chat, on="first")
    malformed(customer)
    await chat.until(lambda conversation: conversation.broken == STUCK or conversation.group == 2)
    chat.say("Written in between")
    assert await hear(customer, 1) == ["Written in between"]
    assert customer.conversation.group == 2


async def test_an_agent_whose_state_is_damaged_is_let_in_again(programs: Programs) -> None:
    customer, agent = await programs.customer(), await programs.agent(device="ana")
    await agent.waiting("support")
    chat = await agent.joined(await agent.take("support"))
    await both_talk(customer, chat, on="first")
    await agent.stop()
    spoil(programs.folder / "ana", "conversation.")
    agent = await programs.agent(device="ana")
    chat = await agent.joined(customer.conversation.id)
    await in_group(customer, 2)
    await both_talk(customer, chat, on="second")


async def test_three_groups_are_one_log(programs: Programs) -> None:
    customer, _, chat = await programs.in_a_chat()
    await both_talk(customer, chat, on="1")
    for group in (2, 3):
        malformed(customer)
        await in_group(customer, group)
        await in_group(chat, group)
        await both_talk(customer, chat, on=str(group))
    log = [f"{group}: {text}" for group in (1, 2, 3) for text in ("can you read this?", "yes")]
    assert texts(customer.conversation) == texts(chat.conversation) == log


async def test_the_next_group_opens_also_when_the_relay_dies_in_between(programs: Programs, town: Town) -> None:
    customer, _, chat = await programs.in_a_chat()
    await both_talk(customer, chat, on="first")
    await customer.stop()
    await asyncio.to_thread(town.kill_relay)
    spoil(programs.folder / "customer", "conversation.")
    opening = asyncio.create_task(programs.customer())
    await asyncio.to_thread(town.start_relay)
    customer = await opening
    await in_group(chat, 2)
    await both_talk(customer, chat, on="second")


def copied(state: Path) -> Path:
    """This device's disk as it is now."""
    copy = state.with_name(f"{state.name}-copy")
    shutil.copytree(state, copy)
    return copy


def restore(copy: Path, state: Path) -> None:
    shutil.rmtree(state)
    copy.rename(state)


async def test_a_copied_back_customer_renews_its_keys_before_it_says_anything(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, _, chat = await programs.in_a_chat()
    await both_talk(customer, chat, on="first")
    await customer.stop()
    copy = copied(programs.folder / "customer")
    customer = await programs.customer()
    await both_talk(customer, chat, on="later")
    await customer.stop()
    restore(copy, programs.folder / "customer")
    asked = watching(monkeypatch)
    customer = await programs.customer()
    epoch = customer.conversation.member.epoch
    await both_talk(customer, chat, on="afterwards")
    assert (customer.conversation.group, customer.conversation.member.epoch) == (1, epoch + 1)
    assert Commit in asked
    assert asked.index(Commit) < asked.index(Post)
    # What it no longer remembers it says so.
    assert any(isinstance(each, Gap) for each in customer.conversation.entries)


async def test_a_customer_copied_back_from_before_a_commit_goes_on_in_the_next_group(programs: Programs) -> None:
    customer, agent = await programs.customer(), await programs.agent()
    await customer.stop()
    copy = copied(programs.folder / "customer")
    customer = await programs.customer()
    await agent.waiting("support")
    chat = await agent.joined(await agent.take("support"))
    await both_talk(customer, chat, on="first")
    await customer.stop()
    restore(copy, programs.folder / "customer")
    customer = await programs.customer()
    await in_group(chat, 2)
    await both_talk(customer, chat, on="second")


async def test_a_copied_back_agent_renews_its_keys_before_it_says_anything(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, agent = await programs.customer(), await programs.agent(device="ana")
    await agent.waiting("support")
    chat = await agent.joined(await agent.take("support"))
    await both_talk(customer, chat, on="first")
    agent, chat = await copied_back(programs, agent, customer)
    asked = watching(monkeypatch)
    chat.say("With new keys")
    assert await hear(customer, 1) == ["With new keys"]
    assert customer.conversation.member.epoch == 2
    assert customer.conversation.group == 1
    assert Post in asked


async def copied_back(programs: Programs, agent: Agent, customer: Customer) -> tuple[Agent, Chat]:
    """The agent's device stands where it stood before its last message."""
    name, state = customer.conversation.id, programs.folder / "ana"
    await agent.stop()
    copy = copied(state)
    agent = await programs.agent(device="ana")
    agent.chats[name].say("Later")
    assert await hear(customer, 1) == ["Later"]
    await agent.chats[name].settled()
    await agent.stop()
    restore(copy, state)
    agent = await programs.agent(device="ana")
    return agent, agent.chats[name]


def watching(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """What this process asks of the relay in conversations from here on, in order."""
    from sotto_client.link import Link  # noqa: PLC0415

    asked: list[type] = []
    true = Link.ask

    async def ask(self: Link, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        frame = request(1)
        if isinstance(frame, Commit | Post):
            asked.append(type(frame))
        return await true(self, request)

    monkeypatch.setattr(Link, "ask", ask)
    return asked


async def test_a_customer_that_was_continued_elsewhere_says_so_and_sends_nothing(programs: Programs) -> None:
    customer, _, chat = await programs.in_a_chat()
    await both_talk(customer, chat, on="first")
    await customer.stop()
    copy = copied(programs.folder / "customer")
    spoil(programs.folder / "customer", "conversation.")
    customer = await programs.customer()
    await in_group(chat, 2)
    await both_talk(customer, chat, on="second")
    (programs.folder / "customer-copy").rename(programs.folder / "another")
    assert copy.name == "customer-copy"
    other = await programs.customer("another")
    conversation = await other.until(lambda conversation: conversation.is_over)
    assert conversation.broken == "another_group"
    assert not [each for each in conversation.entries if isinstance(each, Message) and each.text.startswith("second")]
    await both_talk(customer, chat, on="third")


@pytest.mark.timeout(180)
async def test_a_guest_stays_behind_and_its_old_yes_lets_it_in_nowhere(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat(decide=lambda _: "given")
    steam = await programs.agent("steam")
    name = chat.conversation.id
    await ana.ask(name, "ai_assistant", (await ana.candidates(name, "ai_assistant"))[0])
    inside = await steam.invited()
    await customer.until(lambda now: len(now.member.group.roster()) == 3)
    malformed(customer)
    await in_group(customer, 2)
    await in_group(chat, 2)
    assert len(customer.conversation.member.group.roster()) == 2
    assert len(customer.conversation.terms.standing) == 1
    # As if the Add had still been under way: what was answered in the group before is not carried out in this one.
    decided = customer.decisions[0]
    await customer.stop()
    store = DeviceStore.open(programs.folder / "customer")
    store.save({RECORD: msgspec.msgpack.encode([msgspec.structs.replace(decided, joined=False)])})
    store.close()
    customer = await programs.customer()
    await both_talk(customer, chat, on="second")
    assert (customer.problem, len(customer.conversation.member.group.roster())) == (None, 2)
    assert inside.conversation.messages == ()
