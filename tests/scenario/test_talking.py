"""A customer and an agent, both programs, through a real relay in a process of its own."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import hear

from sotto_cli.demo.places import DESK
from sotto_client import Agent, SignIn
from sotto_keys.shared.secret import SecretText
from sotto_wire.refusals import NotFound, NotSignedIn

if TYPE_CHECKING:
    from tests.support.demo_town import Town
    from tests.support.programs import Programs


async def test_they_talk_both_ways_and_see_the_same_words_and_readers(programs: Programs) -> None:
    customer, _, chat = await programs.in_a_chat()
    customer.say("My lid is cracked")
    assert await hear(chat, 1) == ["My lid is cracked"]
    chat.say("Sorry about that!")
    chat.say("A new one is on its way.")
    assert await hear(customer, 2) == ["Sorry about that!", "A new one is on its way."]
    assert customer.conversation.words == chat.conversation.words
    assert [each.device for each in customer.readers] == [each.device for each in chat.readers]


async def test_what_was_written_before_anybody_joined_is_read_by_who_joins(programs: Programs) -> None:
    customer, agent = await programs.customer(), await programs.agent()
    customer.say("Is anybody there?")
    await agent.waiting(DESK)
    chat = await agent.joined(await agent.take(DESK))
    assert await hear(chat, 1) == ["Is anybody there?"]


async def test_the_start_has_a_receipt(programs: Programs) -> None:
    customer = await programs.customer()
    assert b"application/vnd.sotto.receipt.v1+json" in (customer.receipt or b"")


async def test_both_go_on_after_the_relay_lost_power(programs: Programs, town: Town) -> None:
    customer, _, chat = await programs.in_a_chat()
    customer.say("Before")
    assert await hear(chat, 1) == ["Before"]
    await asyncio.to_thread(town.kill_relay)
    customer.say("While it is dark")
    chat.say("Me too")
    await asyncio.to_thread(town.start_relay)
    assert await hear(chat, 1) == ["While it is dark"]
    assert await hear(customer, 1) == ["Me too"]


async def test_a_program_that_was_stopped_goes_on_where_it_was(programs: Programs) -> None:
    customer, agent, chat = await programs.in_a_chat()
    customer.say("One")
    assert await hear(chat, 1) == ["One"]
    await customer.stop()
    await agent.stop()
    customer, agent = await programs.customer(), await programs.agent()
    (chat,) = (each for each in agent.chats.values() if each.conversation.id == customer.conversation.id)
    customer.say("Two")
    assert [each.text for each in customer.conversation.messages] == ["One", "Two"]
    assert await hear(chat, 1) == ["Two"]


async def test_after_closing_nothing_of_it_rests_on_the_devices(programs: Programs) -> None:
    customer, _, chat = await programs.in_a_chat()
    customer.say("Forget me")
    assert await hear(chat, 1) == ["Forget me"]
    await chat.close()
    await customer.until(lambda conversation: conversation.is_closed)
    await chat.until(lambda conversation: conversation.is_closed)
    assert customer._begin.store.names("") == []
    assert [name for name in chat._world.store.names("") if chat.conversation.id.hex() in name] == []


async def test_nobody_waits_and_nothing_can_be_taken(programs: Programs) -> None:
    agent = await programs.agent()
    with pytest.raises(NotFound):
        await agent.take(DESK)


async def test_a_wrong_password_signs_nobody_in(programs: Programs, town: Town) -> None:
    # Of nobody: a failure makes the next sign-in under that name wait, here and in the tests after this one.
    who = SignIn(agent="nobody", password=SecretText("not the password at all"), device="a program")
    with pytest.raises(NotSignedIn):
        await Agent.sign_in(town.places.relay_url, who, state=programs.folder / "nobody", root=programs.root)


async def test_the_echo_agent_answers_a_customer(programs: Programs, town: Town) -> None:
    places = town.places
    echo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sotto_client.examples.echo_agent", "--relay", places.relay_url, "--agent", "ben"),
        *("--password-file", str(places.folder / "people" / "ben.txt"), "--state", str(programs.folder / "echo")),
        *("--desk", DESK),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        customer = await programs.customer()
        customer.say("Hello from a program")
        assert await hear(customer, 1) == ["You said: Hello from a program"]
        await customer.close()
    finally:
        echo.terminate()
        said, _ = await echo.communicate()
    assert re.search(r"Waiting for an officer.*\n\s+SOTTO-", said.decode())
    assert "Hello from a program" in said.decode()
