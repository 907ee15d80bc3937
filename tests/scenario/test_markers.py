"""The relay holds no message text: not on its disk, not in its logs, not in its memory. The same search finds it at the clients."""

from __future__ import annotations

import asyncio
import os
import secrets
from typing import TYPE_CHECKING, Final

from tests.support.markers import found_in_files, found_in_memory
from tests.support.programs import hear

from sotto_cli.demo.places import DESK

if TYPE_CHECKING:
    from tests.support.demo_town import Town
    from tests.support.programs import Programs

    from sotto_client import Agent, Chat, Customer

CUSTOMERS: Final = 8
QUESTIONS: Final = 20
ANSWERS: Final = 5
"""Within the relay's limit of 20 messages a device in 10 s: eight customers ask 20 each, two agents answer 5 in each of four chats."""


async def test_200_marked_messages_leave_no_mark_at_the_relay(programs: Programs, town: Town) -> None:
    mark = f"MARK{secrets.token_hex(12)}"
    agents = [await programs.agent("ana"), await programs.agent("ben")]
    talks = [await _talk(programs, agents[number % 2], name=f"customer-{number}") for number in range(CUSTOMERS)]
    counts = await asyncio.gather(*(_ask_and_answer(customer, chat, mark=mark) for customer, chat in talks))
    assert sum(counts) == 200
    assert town.relay is not None
    # The search can fail: the clients' memory, which is this process, is full of the mark.
    assert found_in_memory(os.getpid(), (mark,)) == {mark}
    assert found_in_memory(town.relay.pid, (mark,)) == set()
    assert found_in_files(town.places.folder, (mark,)) == {}


async def _talk(programs: Programs, agent: Agent, *, name: str) -> tuple[Customer, Chat]:
    customer = await programs.customer(name)
    return customer, await agent.joined(await agent.take(DESK, customer.conversation.id))


async def _ask_and_answer(customer: Customer, chat: Chat, *, mark: str) -> int:
    for number in range(QUESTIONS):
        customer.say(f"{mark} question {number}")
    asked = await hear(chat, QUESTIONS)
    for number in range(ANSWERS):
        chat.say(f"{mark} answer {number}")
    return len(asked) + len(await hear(customer, ANSWERS))


async def test_the_search_reads_the_relays_files_and_memory(programs: Programs, town: Town) -> None:
    await programs.customer()
    assert town.relay is not None
    # What the relay does hold, in the clear, is found by the same means.
    assert found_in_files(town.places.relay, ("kettle",))
    assert found_in_memory(town.relay.pid, ("kettle",)) == {"kettle"}
