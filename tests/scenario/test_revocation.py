"""An officer revokes a credential while its device sits in a conversation: the customer's program puts it out, the relay shuts it out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import hear

from sotto_cli.demo.places import DESK
from sotto_client.entries import Going
from sotto_client.link import Ended
from sotto_wire.codes import Close

if TYPE_CHECKING:
    from tests.support.demo_town import Town
    from tests.support.programs import Programs

    from sotto_client import Agent


async def test_a_revoked_device_is_put_out_and_reads_nothing_more(programs: Programs, town: Town) -> None:
    customer, lost = await programs.customer(), await programs.agent("ben", device="a-lost-laptop")
    chat = await lost.joined(await lost.take(DESK, customer.conversation.id))
    customer.say("Before")
    assert await hear(chat, 1) == ["Before"]
    await revoke(town, lost)
    after = await customer.until(lambda conversation: isinstance(conversation.entries[-1], Going))
    assert [each.is_customer for each in customer.readers] == [True]
    assert after.stage == "waiting"
    with pytest.raises(Ended) as ended:
        await chat.until(lambda conversation: conversation.is_closed)
    assert ended.value.close_code == Close.REVOKED
    customer.say("After")
    colleague = await programs.agent()
    chat_of_colleague = await colleague.joined(await colleague.take(DESK, customer.conversation.id))
    assert await hear(chat_of_colleague, 1) == ["After"]
    assert [each.text for each in chat.conversation.messages] == ["Before"]


async def revoke(town: Town, agent: Agent) -> None:
    """The officer revokes the credential of this device, and publishes that."""
    places, credential = town.places, agent.keys.credential(at=agent._line.relay_now())
    assert credential is not None
    office = ("--office", str(places.office), "--passphrase-file", str(places.passphrase))
    signed = await asyncio.to_thread(town.run, "keys", "revoke", credential.cred_id, "--reason", "lost", *office)
    await asyncio.to_thread(town.run, "trust", "publish", "--relay", places.relay_url, str(signed["file"]))
