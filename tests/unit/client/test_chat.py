from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as with_fields
from tests.support.mls_room import entropy_from
from tests.support.quiet_relay import QuietRelay
from tests.support.sdk_talk import AGENT, CUSTOMER, offered
from tests.vectors.trust_world import DAY, HOUR, NOW, World, trust_document

from sotto_client import chat as chats
from sotto_client.chat import Chat
from sotto_client.entries import Closed, Going
from sotto_client.life import Life
from sotto_client.own_commits import Plan
from sotto_client.store import DeviceStore
from sotto_client.stored_conversation import load_conversation, rows_of
from sotto_client.world import World as ChatWorld
from sotto_keys.shared.mls.group_memory import Handoff
from sotto_wire.frames import Acknowledge, CloseConversation, Commit, Follow, Post
from sotto_wire.ids import Millis
from sotto_wire.refusals import CommitNotAllowed, MailboxFull, StaleEpoch, TooFast, WrongStage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.sdk_talk import Talk

    from sotto_client.conversation import Conversation, Situation
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_keys.shared.strict_json import Json


class OnePlan:
    """Wants one commit until it stands or failed."""

    def __init__(self) -> None:
        self.wanted: Plan | None = None
        self.failures: list[str] = []
        self.stuck_in: list[Conversation] = []

    async def plan(self, conversation: Conversation, situation: Situation) -> Plan | None:  # noqa: ARG002 - a planner
        return self.wanted if conversation.member.epoch == 0 else None

    def taken(self, receipt: bytes) -> None:
        raise AssertionError(receipt)

    def failed(self, plan: Plan, code: str) -> None:  # noqa: ARG002 - a planner
        self.failures.append(code)
        self.wanted = None

    async def stuck(self, conversation: Conversation) -> None:
        self.stuck_in.append(conversation)


class Device:
    """One end of a talk with a store of its own, behind a quiet relay."""

    def __init__(self, talk: Talk, folder: Path) -> None:
        self.talk, self.relay, self.life, self.planner = talk, QuietRelay(), Life(), OnePlan()
        self.store = DeviceStore.open(folder / "device")
        self.now = NOW

    def chat(self, conversation: Conversation, key: SecretSigningKey = CUSTOMER) -> Chat:
        self.store.save(rows_of(conversation, before=None))
        runs_in = ChatWorld(
            me=key.public,
            link=self.relay,  # type: ignore[arg-type]  # asks and tells like one, in memory
            store=self.store,
            keeper=self.talk.trust,
            life=self.life,
            relay_now=lambda: Millis(self.now),
            entropy=entropy_from("chat"),
        )
        return Chat(conversation, runs_in, planner=self.planner)

    def stored(self) -> Conversation | None:
        return load_conversation(self.store, self.talk.customer.id)

    async def resumed(self, conversation: Conversation, **card: object) -> Chat:
        chat = self.chat(conversation)
        await chat.resume(self.talk.card(**({"stage": "active"} | card)))
        return chat

    async def quiet(self) -> None:
        """Let the chat do whatever it can do now."""
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def device(opening: Talk, tmp_path: Path) -> AsyncIterator[Device]:
    made = Device(opening, tmp_path)
    yield made
    await made.life.stop()
    made.store.close()


async def test_what_is_said_is_on_disk_before_it_is_sent(device: Device, talk: Talk) -> None:
    chat = device.chat(talk.customer)
    chat.say("My lid is cracked")
    stored = device.stored()
    assert stored is not None
    assert [each.text for each in stored.outbox] == ["My lid is cracked"]
    assert device.relay.asked == []


async def test_messages_are_sent_in_order_one_after_the_other(device: Device, talk: Talk) -> None:
    chat = await device.resumed(talk.customer)
    chat.say("One")
    chat.say("Two")
    await chat.settled()
    posts = [each for each in device.relay.asked if isinstance(each, Post)]
    assert [each.number for each in posts] == [1, 2]
    assert [each.standing for each in chat.conversation.messages] == ["sent", "sent"]


async def test_what_is_said_alone_waits_for_somebody_to_read_it(device: Device, opening: Talk) -> None:
    chat = await device.resumed(opening.customer, stage="waiting")
    chat.say("Is anybody there?")
    await device.quiet()
    assert device.relay.asked_of(Post) == 0
    assert len(chat.conversation.outbox) == 1


async def test_a_planned_commit_is_saved_submitted_and_adopted_in_its_place(device: Device, opening: Talk) -> None:
    device.planner.wanted = opening.adding(offered(opening.keys))
    chat = await device.resumed(opening.customer, stage="proposed")
    chat.say("Hello")
    commit = await device.relay.news.get()
    assert isinstance(commit, Commit)
    stored = device.stored()
    assert stored is not None
    assert stored.pending is not None
    await device.quiet()
    assert device.relay.asked_of(Post) == 0
    await chat.take_envelope(opening.envelope("commit", CUSTOMER.public, body=commit.commit))
    await chat.settled()
    assert chat.conversation.member.epoch == 1
    assert device.relay.told[-1] == Acknowledge(conversation=commit.conversation, seq=opening.seq)


async def test_a_commit_that_is_refused_for_good_is_not_tried_again(device: Device, opening: Talk) -> None:
    device.planner.wanted = opening.adding(offered(opening.keys))
    device.relay.refuses = [CommitNotAllowed("no")]
    chat = await device.resumed(opening.customer, stage="proposed")
    await chat.until(lambda _: chat.problem is not None)
    await device.quiet()
    assert (chat.problem, device.planner.failures) == ("commit_not_allowed", ["commit_not_allowed"])
    assert (device.relay.asked_of(Commit), chat.conversation.pending) == (1, None)


async def test_what_our_own_gate_refuses_never_leaves(device: Device, opening: Talk) -> None:
    device.planner.wanted = Plan(add=(offered(opening.keys).public,))
    chat = await device.resumed(opening.customer, stage="proposed")
    await chat.until(lambda _: chat.problem is not None)
    assert (chat.problem, device.relay.asked_of(Commit)) == ("not_admitted", 0)


async def test_a_commit_that_lost_waits_for_the_one_that_won(device: Device, opening: Talk) -> None:
    device.planner.wanted = opening.adding(offered(opening.keys))
    device.relay.refuses = [StaleEpoch("lost")]
    chat = await device.resumed(opening.customer, stage="proposed")
    await device.quiet()
    assert (device.relay.asked_of(Commit), chat.conversation.pending is not None) == (1, True)


async def test_after_a_lost_line_the_same_commit_is_handed_in_again(device: Device, opening: Talk) -> None:
    device.planner.wanted = opening.adding(offered(opening.keys))
    device.relay.is_online = False
    chat = device.chat(opening.customer)
    await chat.resume(opening.card())
    device.relay.is_online = True
    await chat.resume(opening.card())
    first = await device.relay.news.get()
    await chat.resume(opening.card())
    assert await device.relay.news.get() == with_fields(first, ref=4)


async def test_a_message_that_came_too_late_waits_for_the_next_epoch(device: Device, talk: Talk) -> None:
    device.relay.refuses = [StaleEpoch("late")]
    chat = await device.resumed(talk.customer)
    chat.say("Late")
    await device.quiet()
    assert chat.conversation.outbox[0].is_stale
    assert device.relay.asked_of(Post) == 1


async def test_a_message_that_is_refused_for_good_says_so_and_the_next_one_goes(device: Device, talk: Talk) -> None:
    device.relay.refuses = [WrongStage("no")]
    chat = await device.resumed(talk.customer)
    chat.say("One")
    chat.say("Two")
    await chat.settled()
    assert {each.text: each.standing for each in chat.conversation.messages} == {"One": "not_sent", "Two": "sent"}
    assert chat.problem == "wrong_stage"


async def test_what_passes_by_itself_is_tried_again_after_the_pause_the_relay_asks_for(
    device: Device, talk: Talk
) -> None:
    device.relay.refuses = [TooFast("slow", retry_after_ms=1), MailboxFull("full", retry_after_ms=1)]
    chat = await device.resumed(talk.customer)
    chat.say("Patience")
    await chat.settled()
    assert device.relay.asked_of(Post) == 3


async def test_an_older_state_sends_a_path_before_any_message(device: Device, talk: Talk) -> None:
    chat = await device.resumed(talk.customer, last_number=5)
    chat.say("From a restored disk")
    commit = await device.relay.news.get()
    assert isinstance(commit, Commit)
    await chat.take_envelope(talk.envelope("commit", CUSTOMER.public, body=commit.commit, epoch=1))
    post = await device.relay.news.get()
    assert isinstance(post, Post)
    assert (post.number, post.epoch) == (6, 2)


async def test_what_the_relay_took_last_is_sent_again_for_its_place(device: Device, talk: Talk) -> None:
    talk.says("Sent just before the crash")
    chat = await device.resumed(talk.customer, last_number=1)
    await chat.settled()
    assert not chat.conversation.is_old
    assert [(each.standing, each.seq > 0) for each in chat.conversation.messages] == [("sent", True)]


async def test_envelopes_that_come_twice_are_only_acknowledged(device: Device, talk: Talk) -> None:
    envelope = talk.says("Once")
    chat = await device.resumed(talk.customer)
    await chat.take_envelope(envelope)
    after = chat.conversation
    await chat.take_envelope(envelope)
    assert chat.conversation.entries == after.entries
    assert len(device.relay.told) == 2


async def test_resuming_follows_from_our_own_cursor(device: Device, talk: Talk) -> None:
    await device.resumed(talk.customer, head=50)
    follow = device.relay.asked[0]
    assert isinstance(follow, Follow)
    assert follow.after == talk.customer.cursor


async def test_whom_the_organisation_revokes_is_removed_and_nothing_is_sent_before(device: Device, talk: Talk) -> None:
    chat = await device.resumed(talk.customer)
    revoked: list[Json] = [{"cred_id": "device-ana-1", "at": NOW - 1, "reason": "lost"}]
    talk.trust.take(World().with_trust(trust_document(2, revoked=revoked)).bundle().to_bytes())
    chat.say("Not for her")
    commit = await device.relay.news.get()
    assert isinstance(commit, Commit)
    await chat.take_envelope(talk.envelope("commit", CUSTOMER.public, body=commit.commit, epoch=1))
    await device.quiet()
    assert isinstance(chat.conversation.entries[-1], Going)
    assert device.relay.asked_of(Post) == 0


async def test_nothing_is_sent_while_trust_has_run_out(device: Device, talk: Talk) -> None:
    talk.trust._now = lambda: Millis(NOW + 29 * DAY + HOUR)
    chat = await device.resumed(talk.customer)
    chat.say("Later")
    await device.quiet()
    assert device.relay.asked_of(Post) == 0


async def test_an_agent_in_an_open_handoff_sends_nothing(device: Device, talk: Talk) -> None:
    handoff = Handoff(adder=AGENT.public, newcomer=bytes(32), opened_at=NOW)
    memory = with_fields(talk.agent.memory, handoff=handoff)
    chat = device.chat(replace(talk.agent, memory=memory), AGENT)
    chat.joined()
    chat.say("Wait")
    await device.quiet()
    assert device.relay.asked_of(Post) == 0


async def test_each_message_is_handed_over_once_and_saved_with_the_answer(device: Device, talk: Talk) -> None:
    chat = device.chat(talk.agent, AGENT)
    await chat.take_envelope(talk.says("My lid is cracked"))
    assert (await anext(chat.received())).text == "My lid is cracked"
    before = device.stored()
    chat.say("Sorry!")
    after = device.stored()
    assert before is not None
    assert after is not None
    assert (before.shown, after.shown) == (0, 2)


async def test_an_orderly_stop_saves_what_was_handed_over(device: Device, talk: Talk) -> None:
    chat = device.chat(talk.agent, AGENT)
    await chat.take_envelope(talk.says("My lid is cracked"))
    await anext(chat.received())
    chat.rest()
    stored = device.stored()
    assert stored is not None
    assert stored.shown == 2


async def test_what_is_closed_leaves_the_disk_and_nothing_more_can_be_said(device: Device, talk: Talk) -> None:
    chat = await device.resumed(talk.customer)
    chat.card(talk.card(stage="closed"))
    assert device.store.names("") == []
    assert isinstance(chat.conversation.entries[-1], Closed)
    assert [each async for each in chat.received()] == []
    with pytest.raises(WrongStage):
        chat.say("One more thing")


async def test_what_was_said_before_it_closed_still_comes(
    device: Device, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chats, "DRAIN_S", 0.01)
    envelope = talk.says("Goodbye")
    chat = device.chat(talk.agent, AGENT)
    await chat.resume(talk.card(stage="closed", head=talk.seq))
    await chat.take_envelope(envelope)
    assert [each.text async for each in chat.received()] == ["Goodbye"]


async def test_a_group_that_is_not_ours_ends_our_part(device: Device, talk: Talk) -> None:
    chat = await device.resumed(talk.customer, group=2)
    assert chat.conversation.broken == "another_group"


async def test_closing_is_asked_of_the_relay(device: Device, talk: Talk) -> None:
    chat = await device.resumed(talk.customer)
    await chat.close()
    assert device.relay.asked_of(CloseConversation) == 1
    chat.delivered(7)
    assert chat.conversation.delivered == 7


async def test_a_relay_that_was_set_back_stops_the_chat(device: Device, talk: Talk) -> None:
    """T59: what it shows is older than what this device has processed."""
    customer = talk.customer_takes(talk.says("Seen already"))
    chat = await device.resumed(customer, head=customer.cursor - 1)
    assert chat.conversation.broken == "relay_set_back"
    with pytest.raises(WrongStage):
        chat.say("Into the past")
