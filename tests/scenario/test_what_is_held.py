"""What the relay says it holds about a conversation is what lies in its database, read with another program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.independent_dump import dumped
from tests.support.programs import hear

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.independent_dump import Row
    from tests.support.programs import Programs

    from sotto_client import Customer


async def test_every_row_and_field_is_shown_to_the_customer(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat(decide=lambda _: "given")
    await programs.agent("ben")
    customer.say("Where is my kettle?")
    assert await hear(chat, 1) == ["Where is my kettle?"]
    name = chat.conversation.id
    await ana.ask(name, "second_agent", (await ana.candidates(name, "second_agent"))[0])
    await customer.until(lambda now: len(now.member.group.roster()) == 3)
    await customer.until(lambda _: customer.decisions[0].receipt is not None)
    shown, lying = await at_rest(customer, programs.town.places.relay / "sotto.db")
    assert shown == lying
    tables = {table for table, _ in shown}
    assert {"conversation", "member", "envelope", "ledger", "question", "group_state", "change"} <= tables
    texts = [value for _, fields in shown for _, value in fields]
    assert not any("kettle" in each.lower() for each in texts)


async def at_rest(customer: Customer, database: Path) -> tuple[set[Row], set[Row]]:
    """What is shown, and what lies there: read before and after, until no acknowledgement came in between."""
    name, key = customer.conversation.id, customer.conversation.terms.customer_key
    while True:
        before = dumped(database, name, customer=key)
        shown = {(each.table, tuple(each.fields.items())) for each in await customer.holdings()}
        if dumped(database, name, customer=key) == before:
            return shown, before
