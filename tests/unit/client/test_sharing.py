"""Earlier messages for a newcomer: the question, what is sealed and when, and who can open it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as with_fields
from tests.support.mls_room import entropy_from
from tests.support.sdk_talk import AGENT, CUSTOMER
from tests.vectors.trust_world import NOW

from sotto_client.conversation import Newcomer
from sotto_client.entries import Coming, EarlierMessage, Gap, Message, Shared
from sotto_client.outbox import not_sent, said_again, seal_head, written
from sotto_client.own_commits import Plan, with_commit
from sotto_client.receiving import receive
from sotto_client.sharing import answered, shareable
from sotto_client.store import DeviceStore
from sotto_client.stored_conversation import load_conversation, rows_of
from sotto_keys.device.earlier import newest_that_fit, open_earlier, seal_earlier
from sotto_keys.device.mls.application_messages import encrypt
from sotto_keys.device.payload import Earlier, Line, Payload
from sotto_keys.shared.untrusted import Inconsistent, Malformed, Unreadable
from sotto_wire.codec import encode_claims
from sotto_wire.limits import MESSAGE_BYTES, SHARED_BYTES, SHARED_MESSAGES, TEXT_CHARACTERS
from sotto_wire.refusals import WrongStage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.sdk_talk import Talk

    from sotto_client.conversation import Conversation
    from sotto_keys.device import payload
    from sotto_wire.frames import Envelope

SEAL = entropy_from("seal")
LINE = Line(whose="customer", name="", text="Before", at=NOW)


def message(place: int, text: str, *, name: str = "", is_assistant: bool = False) -> Message:
    return Message(
        id=f"before-{place}",
        is_mine=not name,
        sender=bytes(32),
        name=name,
        text=text,
        at=NOW + place,
        standing="sent",
        seq=place,
        number=1,
        is_assistant=is_assistant,
    )


BEFORE = (
    message(1, "My lid is cracked"),
    message(2, "Which one?", name="Dora"),
    message(3, "The blue one", name="Steam", is_assistant=True),
)


@pytest.fixture
def talk(opening: Talk) -> Talk:
    """Ana was let in when three things had been said."""
    opening.customer = opening.customer.with_entry(*BEFORE)
    opening.seq = len(BEFORE)
    opening.let_in()
    return opening


def answer(talk: Talk, *, wanted: bool) -> Conversation:
    talk.customer = answered(talk.customer, AGENT.public, wanted=wanted, situation=talk.customers)
    return talk.customer


def posted(talk: Talk) -> Envelope:
    """The head of the customer's outbox, sealed now, in its place."""
    sealed = seal_head(talk.customer, entropy=SEAL)
    assert sealed is not None
    talk.customer, head = sealed, sealed.outbox[0]
    assert head.message is not None
    return talk.envelope("message", CUSTOMER.public, body=head.message, number=head.number, epoch=head.epoch)


def empty_path(talk: Talk) -> Envelope:
    """A commit of the customer's, taken by both: the epoch after it is another."""
    planned = with_commit(talk.customer, Plan(), situation=talk.customers)
    assert planned.pending is not None
    commit = talk.envelope("commit", CUSTOMER.public, body=planned.pending.message, epoch=planned.member.epoch)
    talk.customer = receive(planned, commit, situation=talk.customers)
    talk.agent_takes(commit)
    return commit


def says(talk: Talk, body: payload.Shared, *, by_agent: bool = False) -> Envelope:
    """A message with this body, whatever the client would have said."""
    who, me = (talk.agent, AGENT.public) if by_agent else (talk.customer, CUSTOMER.public)
    said = Payload(number=1, last_shown=None, checkpoint=None, body=body)
    _, sealed = encrypt(who.member, encode_claims(said), entropy=entropy_from("says"))
    return talk.envelope("message", me, body=sealed, number=1, epoch=who.member.epoch)


def shares(conversation: Conversation) -> list[Shared]:
    return [each for each in conversation.entries if isinstance(each, Shared)]


def test_the_question_is_about_whoever_cannot_read_what_was_said_before(talk: Talk) -> None:
    (question,) = shareable(talk.customer)
    assert (question.device, question.name, question.count) == (AGENT.public, "Device-Ana", 3)


def test_there_is_no_question_where_nothing_was_said_before(opening: Talk) -> None:
    opening.let_in()
    opening.customer_takes(opening.says("Hello"))
    assert shareable(opening.customer) == ()


def test_what_was_said_since_they_came_is_not_counted(talk: Talk) -> None:
    talk.customer_takes(talk.says("Now"))
    assert shareable(talk.customer)[0].count == 3


def test_there_is_no_question_about_who_is_gone_or_in_a_chat_that_is_over(talk: Talk) -> None:
    assert shareable(replace(talk.customer, broken="removed")) == ()
    removed(talk)
    assert shareable(talk.customer) == ()


def test_nothing_is_the_end_of_the_question_and_sends_nothing(talk: Talk) -> None:
    after = answer(talk, wanted=False)
    assert (shareable(after), after.outbox, shares(after)) == ((), (), [])
    with pytest.raises(WrongStage):
        answer(talk, wanted=True)


def test_the_newcomer_reads_what_was_said_before_its_own_first_entry(talk: Talk) -> None:
    answer(talk, wanted=True)
    agent = talk.agent_takes(posted(talk))
    kinds = [type(each) for each in agent.entries]
    assert kinds == [Shared, EarlierMessage, EarlierMessage, EarlierMessage, Coming]
    assert [(each.whose, each.name, each.text, each.at) for each in agent.earlier_messages] == [
        ("customer", "", "My lid is cracked", NOW + 1),
        ("person", "Dora", "Which one?", NOW + 2),
        ("assistant", "Steam", "The blue one", NOW + 3),
    ]
    assert agent.messages == ()
    assert shares(agent)[0].count == 3


def test_the_customers_log_says_how_many_and_where_they_stand(talk: Talk) -> None:
    waiting = shares(answer(talk, wanted=True))[0]
    assert (waiting.standing, waiting.count, waiting.name) == ("sending", 0, "Device-Ana")
    envelope = posted(talk)
    sent = shares(talk.customer_takes(envelope))[0]
    assert (sent.standing, sent.count, sent.left_out, sent.seq) == ("sent", 3, 0, envelope.seq)
    assert talk.customer.outbox == ()


def test_what_was_sealed_in_an_epoch_that_is_over_is_sealed_anew(talk: Talk) -> None:
    answer(talk, wanted=True)
    posted(talk)
    first = talk.customer.outbox[0].message
    empty_path(talk)
    agent = talk.agent_takes(posted(talk))
    assert talk.customer.outbox[0].message != first
    assert [each.text for each in agent.earlier_messages] == [each.text for each in BEFORE]


def test_what_was_sealed_for_one_epoch_does_not_open_in_the_next(talk: Talk) -> None:
    earlier = Earlier(left_out=0, lines=[LINE])
    old = seal_earlier(talk.customer.member, earlier, device=AGENT.public, entropy=SEAL)
    assert open_earlier(talk.agent.member, old) == earlier
    empty_path(talk)
    with pytest.raises(Unreadable):
        open_earlier(talk.agent.member, old)


def test_nobody_but_the_newcomer_can_open_it(talk: Talk) -> None:
    body = seal_earlier(talk.customer.member, Earlier(left_out=0, lines=[LINE]), device=CUSTOMER.public, entropy=SEAL)
    with pytest.raises(Unreadable):
        open_earlier(talk.agent.member, body)
    agent = talk.agent_takes(says(talk, body))
    assert (agent.earlier_messages, shares(agent)[0].device) == ((), CUSTOMER.public)
    assert isinstance(agent.entries[-1], Shared)


@pytest.mark.parametrize("part", ["kem_output", "sealed_key", "blob"])
def test_what_was_changed_on_the_way_is_a_gap(talk: Talk, part: str) -> None:
    body = seal_earlier(talk.customer.member, Earlier(left_out=0, lines=[LINE]), device=AGENT.public, entropy=SEAL)
    octets: bytes = getattr(body, part)
    changed = with_fields(body, **{part: octets[:-1] + bytes([octets[-1] ^ 1])})
    agent = talk.agent_takes(says(talk, changed))
    assert (agent.earlier_messages, type(agent.entries[-1])) == ((), Gap)


def test_only_the_customer_shares(talk: Talk) -> None:
    body = seal_earlier(talk.agent.member, Earlier(left_out=0, lines=[LINE]), device=CUSTOMER.public, entropy=SEAL)
    customer = talk.customer_takes(says(talk, body, by_agent=True))
    assert (customer.earlier_messages, type(customer.entries[-1])) == ((), Gap)


def test_what_is_shared_twice_is_shown_once(talk: Talk) -> None:
    answer(talk, wanted=True)
    once = talk.agent_takes(posted(talk))
    body = seal_earlier(talk.customer.member, Earlier(left_out=0, lines=[LINE]), device=AGENT.public, entropy=SEAL)
    said = Payload(number=2, last_shown=None, checkpoint=None, body=body)
    _, sealed = encrypt(talk.customer.member, encode_claims(said), entropy=entropy_from("twice"))
    envelope = talk.envelope("message", CUSTOMER.public, body=sealed, number=2, epoch=talk.customer.member.epoch)
    assert talk.agent_takes(envelope).entries == once.entries


def test_a_name_that_hides_something_is_not_shown(talk: Talk) -> None:
    bad = Earlier(left_out=0, lines=[with_fields(LINE, name="Ana\u202e")])
    body = seal_earlier(talk.customer.member, bad, device=AGENT.public, entropy=SEAL)
    assert isinstance(talk.agent_takes(says(talk, body)).entries[-1], Gap)


def test_what_is_no_list_of_messages_is_malformed(talk: Talk) -> None:
    empty = Earlier(left_out=0, lines=[])
    body = seal_earlier(talk.customer.member, empty, device=AGENT.public, entropy=SEAL)
    with pytest.raises(Malformed):
        open_earlier(talk.agent.member, body)


def test_it_is_not_sealed_for_who_is_not_in_the_group(talk: Talk) -> None:
    with pytest.raises(Inconsistent):
        seal_earlier(talk.customer.member, Earlier(left_out=0, lines=[LINE]), device=bytes(32), entropy=SEAL)


def test_the_newest_that_fit_go_and_the_others_are_counted() -> None:
    lines = [with_fields(LINE, text=f"{place:06}" + "x" * (TEXT_CHARACTERS - 6)) for place in range(20)]
    earlier = newest_that_fit(lines)
    assert earlier.lines == lines[-len(earlier.lines) :]
    assert (len(earlier.lines), earlier.left_out) == (7, 13)
    assert len(encode_claims(earlier)) <= SHARED_BYTES


@pytest.mark.parametrize("text", ["x", "x" * 17, "x" * 3000])
def test_as_many_as_fit_never_exceed_one_application_message(talk: Talk, text: str) -> None:
    earlier = newest_that_fit([with_fields(LINE, text=text)] * 5000)
    assert SHARED_BYTES - len(text) - 60 < len(encode_claims(earlier)) <= SHARED_BYTES or earlier.left_out == 1000
    assert len(earlier.lines) <= SHARED_MESSAGES
    body = seal_earlier(talk.customer.member, earlier, device=AGENT.public, entropy=SEAL)
    assert len(says(talk, body).body) <= MESSAGE_BYTES
    assert open_earlier(talk.agent.member, body) == earlier


def removed(talk: Talk) -> Conversation:
    leaf = talk.customer.member.group.find(AGENT.public)
    assert leaf is not None
    planned = with_commit(talk.customer, Plan(remove=(leaf,)), situation=talk.customers)
    assert planned.pending is not None
    commit = talk.envelope("commit", CUSTOMER.public, body=planned.pending.message, epoch=planned.member.epoch)
    talk.customer = receive(planned, commit, situation=talk.customers)
    return talk.customer


def test_nothing_is_shared_with_who_was_removed_first(talk: Talk) -> None:
    answer(talk, wanted=True)
    talk.seq += 1  # another moment, so that ids differ
    talk.customer = written(talk.customer, "And this", situation=talk.customers)
    posted(talk)
    after = removed(talk)
    assert [each.text for each in after.outbox] == ["And this"]
    assert shares(after)[0].standing == "not_sent"


def test_what_the_relay_refused_for_good_is_said_not_to_be_shared(talk: Talk) -> None:
    after = answer(talk, wanted=True)
    assert shares(not_sent(after, after.outbox[0].id))[0].standing == "not_sent"


@pytest.mark.parametrize(("delivered", "stands"), [(0, "not_sent"), (99, "sent")])
def test_in_the_next_group_the_question_stands_again_unless_it_is_known_to_have_come(
    talk: Talk, delivered: int, stands: str
) -> None:
    answer(talk, wanted=True)
    talk.customer_takes(posted(talk))
    after = said_again(replace(talk.customer, delivered=delivered), by=CUSTOMER.public)
    assert shares(after)[0].standing == stands
    assert (Newcomer(device=AGENT.public, since=4) in after.answered) == (stands == "sent")


def test_what_waits_is_not_said_again_in_the_next_group(talk: Talk) -> None:
    answer(talk, wanted=True)
    after = said_again(talk.customer, by=CUSTOMER.public)
    assert [each.shares for each in after.outbox] == [None]


def test_what_was_answered_and_what_was_shared_rest_on_disk(talk: Talk, tmp_path: Path) -> None:
    answer(talk, wanted=True)
    store = DeviceStore.open(tmp_path / "store")
    store.save(rows_of(talk.customer, before=None))
    assert load_conversation(store, talk.customer.id) == talk.customer
    store.close()
    store = DeviceStore.open(tmp_path / "agent")
    store.save(rows_of(talk.agent, before=None))
    before = talk.agent
    store.save(rows_of(talk.agent_takes(posted(talk)), before=before))
    assert load_conversation(store, talk.agent.id) == talk.agent
    store.close()
