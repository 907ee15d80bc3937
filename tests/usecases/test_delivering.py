"""Posting, collecting and acknowledging: what reaches whom, in which order, and when it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.relay_people import Here, look
from tests.support.relay_world import DESK, MINUTE, NOW, AgentDevice, CustomerDevice

from sotto_server.domain.speaker import Asked, Collected, Interest, Speaker
from sotto_server.usecases.acknowledge import acknowledge
from sotto_server.usecases.close_conversation import close_conversation
from sotto_server.usecases.collect import ENVELOPES_AT_ONCE, Collecting, collect
from sotto_server.usecases.follow import follow
from sotto_server.usecases.greet import greet_customer
from sotto_server.usecases.post_envelope import post_envelope
from sotto_server.usecases.watch_queue import watch_queue
from sotto_wire.frames import (
    Acknowledge,
    CloseConversation,
    ConversationChanged,
    Delivered,
    DeviceChanged,
    Envelope,
    Follow,
    Handoffs,
    Proposal,
    Queue,
    TrustUpdate,
    WatchQueue,
)
from sotto_wire.ids import DeskId, Millis
from sotto_wire.refusals import BadFrame, MailboxFull, NotFound, NotSignedIn, OutOfOrder, WrongStage

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld

    from sotto_wire.ids import ConversationId


def interest(
    *conversations: ConversationId, after: int | None = 0, everything: bool = False, desks: tuple[str, ...] = ()
) -> Interest:
    return Interest(
        followed={} if after is None else dict.fromkeys(conversations, after),
        conversations=frozenset(conversations),
        desks=frozenset(DeskId(each) for each in desks),
        device=everything,
        trust=everything,
        everything=everything,
    )


def gathered(relay: RelayWorld, by: Speaker, wanted: Interest) -> Collected:
    return relay.see(collect, Collecting(wanted, by, Here()))


def seqs(collected: Collected) -> list[int]:
    return [each.seq for each in collected.frames if isinstance(each, Envelope)]


@pytest.fixture
def talking(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> RelayWorld:
    relay.equip(ana)
    relay.meet(customer, ana)
    return relay


def test_a_message_reaches_both_and_its_writer_in_its_place(
    talking: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    posted = talking.ask(post_envelope, customer.post(1), customer.speaker)
    for by, expected in ((customer.speaker, [1, 3]), (ana.speaker, [2, 3])):
        assert seqs(gathered(talking, by, interest(customer.conversation))) == expected
    assert posted.seq == 3


def test_a_cursor_gets_what_is_after_it(talking: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    talking.ask(post_envelope, customer.post(1), customer.speaker)
    assert seqs(gathered(talking, ana.speaker, interest(customer.conversation, after=2))) == [3]


def test_without_following_no_envelope_is_sent(talking: RelayWorld, customer: CustomerDevice) -> None:
    assert seqs(gathered(talking, customer.speaker, interest(customer.conversation, after=None))) == []


def test_a_stranger_collects_nothing(talking: RelayWorld, customer: CustomerDevice) -> None:
    stranger = CustomerDevice("stranger")
    assert gathered(talking, stranger.speaker, interest(customer.conversation)).frames == ()


def test_a_long_absence_is_made_up_in_steps(talking: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    for number in range(1, ENVELOPES_AT_ONCE + 3):
        talking.ask(post_envelope, customer.post(number), customer.speaker)
    first = gathered(talking, ana.speaker, interest(customer.conversation, after=2))
    assert (len(seqs(first)), first.more) == (ENVELOPES_AT_ONCE, True)
    rest = gathered(talking, ana.speaker, interest(customer.conversation, after=seqs(first)[-1]))
    assert (len(seqs(rest)), rest.more) == (2, False)


def test_delivered_says_what_every_other_member_has(
    talking: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    talking.ask(post_envelope, customer.post(1), customer.speaker)
    talking.ask(acknowledge, Acknowledge(conversation=customer.conversation, seq=3), ana.speaker)
    frames = gathered(talking, customer.speaker, interest(customer.conversation)).frames
    assert [each for each in frames if isinstance(each, Delivered)] == [
        Delivered(conversation=customer.conversation, seq=3)
    ]


def test_what_all_acknowledged_is_gone(talking: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    talking.ask(post_envelope, customer.post(1), customer.speaker)
    for by in (customer.speaker, ana.speaker):
        talking.ask(acknowledge, Acknowledge(conversation=customer.conversation, seq=3), by)
    assert seqs(gathered(talking, customer.speaker, interest(customer.conversation))) == []


@pytest.mark.parametrize("seq", [4, 2**40])
def test_what_does_not_exist_cannot_be_acknowledged(talking: RelayWorld, customer: CustomerDevice, seq: int) -> None:
    with pytest.raises(OutOfOrder):
        talking.ask(acknowledge, Acknowledge(conversation=customer.conversation, seq=seq), customer.speaker)


def test_an_older_acknowledgement_moves_nothing_back(talking: RelayWorld, customer: CustomerDevice) -> None:
    for seq in (2, 1):
        talking.ask(acknowledge, Acknowledge(conversation=customer.conversation, seq=seq), customer.speaker)
    assert talking.conversation(customer.conversation).member(customer.key.public).acked == 2


def test_a_number_that_skips_is_refused(talking: RelayWorld, customer: CustomerDevice) -> None:
    with pytest.raises(OutOfOrder):
        talking.ask(post_envelope, customer.post(2), customer.speaker)


def test_an_earlier_number_is_answered_while_its_envelope_lies_there(
    talking: RelayWorld, customer: CustomerDevice
) -> None:
    first = customer.post(1)
    posted = talking.ask(post_envelope, first, customer.speaker)
    talking.ask(post_envelope, customer.post(2), customer.speaker)
    assert talking.ask(post_envelope, first, customer.speaker) == posted


def test_a_number_long_past_is_refused(talking: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    first = customer.post(1)
    talking.ask(post_envelope, first, customer.speaker)
    talking.ask(post_envelope, customer.post(2), customer.speaker)
    for by in (customer.speaker, ana.speaker):
        talking.ask(acknowledge, Acknowledge(conversation=customer.conversation, seq=4), by)
    with pytest.raises(OutOfOrder):
        talking.ask(post_envelope, first, customer.speaker)


def test_a_repeat_is_answered_even_when_the_conversation_has_ended(
    talking: RelayWorld, customer: CustomerDevice
) -> None:
    post = customer.post(1)
    posted = talking.ask(post_envelope, post, customer.speaker)
    talking.ask(close_conversation, CloseConversation(ref=1, conversation=customer.conversation), customer.speaker)
    assert talking.ask(post_envelope, post, customer.speaker) == posted


def test_a_commit_in_the_place_of_a_message_is_refused(talking: RelayWorld, customer: CustomerDevice) -> None:
    post = msgspec.structs.replace(customer.post(1), message=customer.commit().commit)
    with pytest.raises(BadFrame):
        talking.ask(post_envelope, post, customer.speaker)


def test_a_full_mailbox_takes_no_more(
    talking: RelayWorld, customer: CustomerDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sotto_server.usecases.post_envelope.MAILBOX_ENVELOPES", 3)
    talking.ask(post_envelope, customer.post(1), customer.speaker)
    with pytest.raises(MailboxFull):
        talking.ask(post_envelope, customer.post(2), customer.speaker)


def test_closing_tells_all_and_ends_everything(talking: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    undelivered = talking.ask(post_envelope, customer.post(1), customer.speaker)
    talking.ask(close_conversation, CloseConversation(ref=1, conversation=customer.conversation), ana.speaker)
    with pytest.raises(WrongStage):
        talking.ask(post_envelope, customer.post(2), customer.speaker)
    frames = gathered(talking, customer.speaker, interest(customer.conversation, after=2)).frames
    assert seqs(Collected(interest(), frames, more=False)) == [undelivered.seq]
    (changed,) = [each for each in frames if isinstance(each, ConversationChanged)]
    assert changed.card.stage == "closed"


def test_closing_twice_is_answered_twice(talking: RelayWorld, customer: CustomerDevice) -> None:
    frame = CloseConversation(ref=1, conversation=customer.conversation)
    assert talking.ask(close_conversation, frame, customer.speaker) == talking.ask(
        close_conversation, frame, customer.speaker
    )


def test_following_needs_membership_and_a_cursor_that_exists(talking: RelayWorld, customer: CustomerDevice) -> None:
    frame = Follow(ref=1, conversation=customer.conversation, after=2)
    talking.see(follow, Asked(frame, customer.speaker))
    with pytest.raises(NotFound):
        talking.see(follow, Asked(frame, CustomerDevice("stranger").speaker))
    with pytest.raises(OutOfOrder):
        talking.see(follow, Asked(msgspec.structs.replace(frame, after=9), customer.speaker))
    with pytest.raises(NotFound):
        talking.see(follow, Asked(msgspec.structs.replace(frame, conversation=b"n" * 16), customer.speaker))


def test_who_took_a_conversation_may_follow_and_hears_nothing_yet(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.open(customer)
    relay.ask(post_envelope, customer.post(1), customer.speaker)
    relay.take(ana)
    relay.see(follow, Asked(Follow(ref=1, conversation=customer.conversation, after=0), ana.speaker))
    assert seqs(gathered(relay, ana.speaker, interest(customer.conversation))) == []


def test_the_customer_is_shown_the_offer_again_at_each_look(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.open(customer)
    relay.take(ana)
    for _ in range(2):
        frames = gathered(relay, customer.speaker, interest(everything=True)).frames
        (proposal,) = [each for each in frames if isinstance(each, Proposal)]
        assert proposal.key_package == relay.offered(customer.conversation)
    relay.commit(customer.commit(relay.offered(customer.conversation)), customer.speaker)
    frames = gathered(relay, customer.speaker, interest(everything=True)).frames
    assert not [each for each in frames if isinstance(each, Proposal)]


def test_a_look_at_everything_brings_trust_and_the_devices_state(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    frames = gathered(relay, ana.speaker, interest(everything=True)).frames
    assert {type(each) for each in frames} == {TrustUpdate, DeviceChanged, Handoffs}


def test_a_desks_queue_is_for_those_who_sit_there(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.open(customer)
    relay.see(watch_queue, Asked(WatchQueue(ref=1, desk=DESK), ana.speaker))
    with pytest.raises(NotFound):
        relay.see(watch_queue, Asked(WatchQueue(ref=1, desk="returns"), ana.speaker))
    frames = gathered(relay, ana.speaker, interest(desks=(DESK, "returns"))).frames
    assert [each.desk for each in frames if isinstance(each, Queue)] == [DESK]


def test_a_sign_in_that_is_over_ends_the_look(relay: RelayWorld, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.now = Millis(NOW + 31 * MINUTE)
    with pytest.raises(NotSignedIn):
        gathered(relay, ana.speaker, interest(everything=True))


def test_a_customer_returning_finds_its_conversation(talking: RelayWorld, customer: CustomerDevice) -> None:
    talking.ask(post_envelope, customer.post(1), customer.speaker)
    welcomed = talking.see(greet_customer, customer.speaker).welcomed
    (card,) = welcomed.conversations
    assert (card.conversation, card.head, card.last_number, card.stage) == (customer.conversation, 3, 1, "active")


def test_a_closed_conversation_is_listed_for_a_day(talking: RelayWorld, customer: CustomerDevice) -> None:
    talking.ask(close_conversation, CloseConversation(ref=1, conversation=customer.conversation), customer.speaker)
    assert [each.stage for each in talking.see(greet_customer, customer.speaker).welcomed.conversations] == ["closed"]
    talking.now = Millis(NOW + 25 * 60 * MINUTE)
    assert talking.see(greet_customer, customer.speaker).welcomed.conversations == []


def test_a_page_of_another_origin_is_not_welcomed(relay: RelayWorld, customer: CustomerDevice) -> None:
    elsewhere = Speaker(
        role="customer",
        device=customer.key.public,
        site=customer.speaker.site,
        origin="https://evil.example",
        address=None,
    )
    with pytest.raises(NotSignedIn):
        relay.see(greet_customer, elsewhere)


def test_what_is_not_there_is_not_found(relay: RelayWorld, customer: CustomerDevice) -> None:
    assert relay.see(look, customer.conversation) is None
    with pytest.raises(NotFound):
        relay.ask(post_envelope, customer.post(1), customer.speaker)


def test_large_envelopes_come_a_few_at_a_time(
    talking: RelayWorld, customer: CustomerDevice, ana: AgentDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sotto_server.usecases.collect.BYTES_AT_ONCE", 1000)
    for number in range(1, 4):
        talking.ask(post_envelope, customer.post(number), customer.speaker)
    first = gathered(talking, ana.speaker, interest(customer.conversation, after=2))
    assert (seqs(first), first.more) == ([3, 4], True)
