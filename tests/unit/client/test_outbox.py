from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.mls_room import entropy_from
from tests.support.sdk_talk import CUSTOMER, texts

from sotto_client.entries import Message
from sotto_client.outbox import counted, not_sent, pieces_of, seal_head, settle_own, stale, written
from sotto_client.own_commits import Plan, with_commit
from sotto_client.receiving import receive
from sotto_wire.limits import TEXT_CHARACTERS

if TYPE_CHECKING:
    from tests.support.sdk_talk import Talk

    from sotto_client.conversation import Conversation

SEAL = entropy_from("seal")


def writing(talk: Talk, *lines: str) -> Conversation:
    for line in lines:
        talk.customer = written(talk.customer, line, situation=talk.customers)
        talk.seq += 1  # another moment, so that ids differ
    return talk.customer


def sealed(conversation: Conversation) -> Conversation:
    after = seal_head(conversation, entropy=SEAL)
    assert after is not None
    return after


def test_long_text_is_sent_as_several_messages() -> None:
    assert [len(each) for each in pieces_of("x" * (TEXT_CHARACTERS + 1))] == [TEXT_CHARACTERS, 1]
    assert pieces_of(" \n ") == []


def test_what_was_written_waits_as_text_until_it_is_sealed(talk: Talk) -> None:
    waiting = writing(talk, "One").outbox[0]
    assert (waiting.number, waiting.message, waiting.text) == (0, None, "One")


def test_only_the_head_is_sealed_and_keeps_its_seal_in_its_epoch(talk: Talk) -> None:
    once = sealed(writing(talk, "One", "Two"))
    assert [each.number for each in once.outbox] == [1, 0]
    assert seal_head(once, entropy=SEAL) is once


def test_nothing_is_sealed_of_an_empty_outbox(talk: Talk) -> None:
    assert seal_head(talk.customer, entropy=SEAL) is None


def test_a_message_that_came_too_late_waits_for_the_epoch_that_won(talk: Talk) -> None:
    once = sealed(writing(talk, "One"))
    waiting = stale(once, once.outbox[0].id)
    assert seal_head(waiting, entropy=SEAL) is None
    planned = with_commit(waiting, Plan(), situation=talk.customers)
    assert planned.pending is not None
    path = talk.envelope("commit", CUSTOMER.public, body=planned.pending.message, epoch=1)
    again = sealed(receive(planned, path, situation=talk.customers))
    assert (again.outbox[0].number, again.outbox[0].epoch) == (1, 2)
    assert again.outbox[0].message != once.outbox[0].message


def test_what_the_relay_confirmed_is_sent_and_counted(talk: Talk) -> None:
    once = sealed(writing(talk, "One", "Two"))
    after = settle_own(once, number=1, seq=9)
    assert [each.text for each in after.outbox] == ["Two"]
    assert [(each.standing, each.seq) for each in after.messages] == [("sent", 9), ("sending", 0)]
    assert sealed(after).outbox[0].number == 2


def test_a_confirmation_that_comes_twice_changes_nothing(talk: Talk) -> None:
    after = settle_own(sealed(writing(talk, "One")), number=1, seq=9)
    assert settle_own(after, number=1, seq=9) == after


def test_what_was_refused_for_good_leaves_its_number_to_the_next(talk: Talk) -> None:
    once = sealed(writing(talk, "One", "Two"))
    after = not_sent(once, once.outbox[0].id)
    assert [each.standing for each in after.messages] == ["not_sent", "sending"]
    assert sealed(after).outbox[0].number == 1


def test_the_payload_names_the_last_message_that_was_shown(talk: Talk) -> None:
    talk.agent_takes(talk.says("My lid is cracked"))
    shown = replace(talk.agent, shown=len(talk.agent.entries))
    answer = sealed(written(shown, "Sorry!", situation=talk.agents))
    silent = sealed(written(talk.agent, "Sorry!", situation=talk.agents))
    assert answer.outbox[0].message != silent.outbox[0].message
    assert texts(answer) == ["My lid is cracked", "Sorry!"]


def test_messages_stand_in_the_relays_order_and_what_waits_comes_last(talk: Talk) -> None:
    """Everybody shows one order, also who wrote before they read what was said first."""
    waiting = sealed(writing(talk, "Mine", "Waits"))
    settled = settle_own(waiting, number=1, seq=9)
    other = Message(id="7", is_mine=False, sender=b"a", name="Ana", text="Theirs", at=0, standing="sent", seq=7)
    assert texts(settled.with_entry(other)) == ["Theirs", "Mine", "Waits"]


def test_the_relays_count_settles_what_an_older_state_holds(talk: Talk) -> None:
    older = counted(sealed(writing(talk, "One", "Two")), 3)
    assert (older.number, older.is_old) == (3, True)
    assert [(each.text, each.standing) for each in older.messages] == [("One", "sent"), ("Two", "sending")]
