"""Programs ask, let in, send away: the SDK's customer judges for itself, and who was sent away decrypts nothing more."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from click.testing import CliRunner
from tests.support.programs import hear

from sotto_cli.main import cli
from sotto_client.customer import system_now
from sotto_client.entries import Coming, EarlierMessage, Going, Shared
from sotto_client.questions import RECORD, withdrawn
from sotto_client.store import DeviceStore
from sotto_keys.shared.receipt_bundle import verify_bundle
from sotto_keys.shared.text_forms import fingerprint, to_base64url
from sotto_wire.refusals import NotAdmitted, NotOffered, TooFast, WrongStage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.programs import Programs

    from sotto_client import Agent, Chat
    from sotto_client.questions import Answer
    from sotto_wire.ids import ConversationId


@pytest.mark.parametrize(
    ("person", "moment"),
    [("ben", "second_agent"), ("dora", "another_desk"), ("sue", "quality_review"), ("steam", "ai_assistant")],
)
async def test_who_is_let_in_reads_new_messages_until_sent_away(programs: Programs, person: str, moment: str) -> None:
    customer, ana, chat = await programs.in_a_chat(decide=lambda _: "given")
    guest = await programs.agent(person)
    customer.say("Before")
    assert await hear(chat, 1) == ["Before"]
    await let_in(ana, chat.conversation.id, moment)
    inside = await guest.invited()
    await customer.until(lambda now: len(now.member.group.roster()) == 3)
    customer.say("Together")
    assert await hear(inside, 1) == ["Together"]
    inside.say("I can help")
    assert await hear(customer, 1) == ["I can help"]
    (decided,) = customer.decisions
    await customer.withdraw(decided)
    after = await customer.until(lambda now: isinstance(now.entries[-1], Going))
    assert len(after.terms.standing) == 1
    customer.say("After")
    assert await hear(chat, 3) == ["Together", "I can help", "After"]
    await inside.until(lambda now: now.broken == "removed")
    assert [each.text for each in inside.conversation.messages if not each.is_mine] == ["Together"]
    await customer.until(lambda _: customer.decisions[0].withdrawal_receipt is not None)
    assert customer.decisions[0].receipt is not None
    proven = verify_bundle(await customer.receipts(), pinned=programs.root)
    start, asked = proven.decisions
    assert start.receipt is not None
    assert asked.newcomer is not None
    assert asked.newcomer.person == person
    assert asked.withdrawal is not None
    assert asked.withdrawal_receipt is not None
    assert [each.credential.name for each in proven.readers] == ["Ana"]
    await ana.until(lambda: standing(ana, chat) == ["withdrawn"] or None)


@pytest.mark.parametrize(("answer", "stands"), [("refused", "refused"), ("deferred", "deferred")])
async def test_a_no_lets_nobody_in_and_is_receipted(programs: Programs, answer: Answer, stands: str) -> None:
    customer, ana, chat = await programs.in_a_chat(decide=lambda _: answer)
    await programs.agent("ben")
    await let_in(ana, chat.conversation.id, "second_agent")
    await ana.until(lambda: standing(ana, chat) == [stands] or None)
    assert len(customer.readers) == 2
    await customer.until(lambda _: bool(customer.decisions) and customer.decisions[0].receipt is not None)
    with pytest.raises(TooFast):
        await let_in(ana, chat.conversation.id, "second_agent")


async def test_what_was_said_before_is_shared_with_the_newcomer_alone(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat(decide=lambda _: "given")
    guest = await programs.agent("ben")
    assert not customer.shareable
    customer.say("My lid is cracked")
    assert await hear(chat, 1) == ["My lid is cracked"]
    chat.say("Which one?")
    assert await hear(customer, 1) == ["Which one?"]
    await let_in(ana, chat.conversation.id, "second_agent")
    inside = await guest.invited()
    await customer.until(lambda _: bool(customer.shareable))
    (question,) = customer.shareable
    assert (question.name, question.count) == ("Ben", 2)
    customer.share_earlier(question.device)
    customer.say("Can you help?")
    assert await hear(inside, 1) == ["Can you help?"]
    told = [(each.whose, each.name, each.text) for each in inside.conversation.earlier_messages]
    assert told == [("customer", "", "My lid is cracked"), ("person", "Ana", "Which one?")]
    first = [type(each) for each in inside.conversation.entries[:4]]
    assert first == [Shared, EarlierMessage, EarlierMessage, Coming]
    assert await hear(chat, 1) == ["Can you help?"]
    assert chat.conversation.earlier_messages == ()
    assert [each.name for each in chat.conversation.entries if isinstance(each, Shared)] == ["Ben"]
    with pytest.raises(WrongStage):
        customer.share_nothing(question.device)


async def test_a_guest_asks_nothing_and_what_is_not_built_is_not_offered(programs: Programs) -> None:
    _, ana, chat = await programs.in_a_chat(decide=lambda _: "given")
    guest = await programs.agent("ben")
    await let_in(ana, chat.conversation.id, "second_agent")
    await guest.invited()
    with pytest.raises(NotAdmitted):
        await guest.candidates(chat.conversation.id, "ai_assistant")
    with pytest.raises(NotOffered):
        await ana.candidates(chat.conversation.id, "transcript")
    with pytest.raises(NotOffered):  # the customer's own device asks that
        await ana.candidates(chat.conversation.id, "earlier_messages")


async def test_the_ledger_and_the_customer_s_file_give_the_same_records(programs: Programs, tmp_path: Path) -> None:
    customer, ana, chat = await programs.in_a_chat(decide=lambda _: "given")
    assistant = await programs.agent("steam")
    await let_in(ana, chat.conversation.id, "ai_assistant")
    await assistant.invited()
    await customer.withdraw(customer.decisions[0])
    await customer.until(lambda _: customer.decisions[0].withdrawal_receipt is not None)
    file = tmp_path / "receipts.json"
    file.write_bytes(await customer.receipts())
    saved = records("receipt", "records", str(file), "--root", fingerprint(programs.root))
    data = str(programs.town.places.relay)
    start, asked, *answered = records("records", "--data", data, "--", to_base64url(chat.conversation.id))
    assert [each["event"]["event_state"] for each in (start, asked, *answered)] == [
        "sotto:NoticeAcknowledged",
        "dpv:ConsentRequested",
        "dpv:ConsentGiven",
        "dpv:ConsentWithdrawn",
    ]
    assert [unchained(each) for each in saved] == [unchained(each) for each in (start, *answered)]
    assert [each["pii_processing"]["language"] for each in saved] == ["en", "en", "en"]
    assert answered[0]["event"]["statement"]["answers"] == asked["event"]["statement"]["digest"]


def records(*words: str) -> list[dict[str, Any]]:
    told = CliRunner().invoke(cli, words)
    assert told.exit_code == 0, told.output
    return list(json.loads(told.stdout))


def unchained(record: dict[str, Any]) -> dict[str, Any]:
    """Without the name of the record before: the file holds no request, so its chain begins with the answer."""
    event = {name: value for name, value in record["event"].items() if name != "previous"}
    return record | {"event": event}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("ending", ["withdrawn", "invalidated"])
async def test_a_device_that_dies_between_the_decision_and_the_chat_ends_it_when_it_is_back(
    programs: Programs, ending: str
) -> None:
    customer, ana, chat = await programs.in_a_chat(decide=lambda _: "given")
    steam = await programs.agent("steam")
    await let_in(ana, chat.conversation.id, "ai_assistant")
    inside = await steam.invited()
    conversation = await customer.until(lambda now: len(now.member.group.roster()) == 3)
    decided, key = customer.decisions[0], customer._begin.key
    await customer.stop()
    if ending == "withdrawn":
        ended, _ = withdrawn(decided, conversation, key=key, now=system_now(), entropy=os.urandom)
    else:
        ended = msgspec.structs.replace(decided, invalidated_at=system_now())
    store = DeviceStore.open(programs.folder / "customer")
    store.save({RECORD: msgspec.msgpack.encode([ended])})
    store.close()
    customer = await programs.customer()
    customer.say("After")
    assert await hear(chat, 1) == ["After"]
    await inside.until(lambda now: now.broken == "removed")
    assert inside.conversation.messages == ()


async def let_in(agent: Agent, conversation: ConversationId, moment: str) -> None:
    newcomer = (await agent.candidates(conversation, moment))[0]
    await agent.ask(conversation, moment, newcomer)


def standing(agent: Agent, chat: Chat) -> list[str]:
    return [each.standing for each in agent.questions(chat.conversation.id)]
