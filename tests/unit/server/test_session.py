"""One socket's protocol state: what may be said when, how much, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.relay_people import CUSTOMER, NOW, STRANGER, TALK, a_conversation, agent, customer

from sotto_server.domain.rings import Rings, look_at
from sotto_server.domain.speaker import Collected, Interest
from sotto_server.session import MAY_SAY, Phase, Session
from sotto_wire.claims import Signed
from sotto_wire.codec import decode_from_relay, encode
from sotto_wire.frames import (
    Acknowledge,
    Challenge,
    CloseConversation,
    Commit,
    ConversationCard,
    ConversationChanged,
    Delivered,
    DeviceChanged,
    Done,
    EnrolDevice,
    Envelope,
    Follow,
    Hello,
    OpenConversation,
    Post,
    Proposal,
    PublishKeyPackages,
    Queue,
    Take,
    TrustUpdate,
    WatchQueue,
    Welcomed,
)
from sotto_wire.ids import DeskId, Millis
from sotto_wire.limits import FRAME_BYTES, FRAME_BYTES_BEFORE_SIGN_IN, HELLO_WITHIN_MS
from sotto_wire.refusals import BadFrame, TooLarge, WrongPhase

if TYPE_CHECKING:
    from sotto_server.domain.speaker import Speaker
    from sotto_wire.frames import Frame

SIGNED = Signed(claims=b"claims", signature=b"s" * 64)
HELLO = Hello(hello=SIGNED)
POST = Post(ref=1, conversation=TALK, group=1, epoch=1, number=1, message=b"m")
EACH: tuple[Frame, ...] = (
    OpenConversation(ref=1, conversation=TALK, group_info=b"g", start=SIGNED),
    Follow(ref=1, conversation=TALK, after=0),
    Acknowledge(conversation=TALK, seq=1),
    POST,
    Commit(ref=1, conversation=TALK, group=1, epoch=1, commit=b"c", welcome=None),
    CloseConversation(ref=1, conversation=TALK),
    EnrolDevice(ref=1, label="laptop"),
    PublishKeyPackages(ref=1, packages=[], last_resort=None),
    WatchQueue(ref=1, desk="orders"),
    Take(ref=1, desk="orders", conversation=None),
)


def a_session() -> Session:
    return Session(connection="c1", nonce=b"n" * 32, origin="https://shop.example", address=None, now=NOW)


def welcomed(*cards: ConversationCard) -> Welcomed:
    return Welcomed(
        server_time=NOW,
        agent=None,
        device_state="customer",
        credential=None,
        key_packages=0,
        last_resort_until=0,
        conversations=list(cards),
    )


def signed_in(speaker: Speaker | None = None) -> Session:
    session = a_session()
    session.receive(encode(HELLO))
    session.welcome(speaker or customer(), welcomed())
    session.outgoing()
    assert session.interest() is not None
    return session


def sent(session: Session) -> list[Frame]:
    return [decode_from_relay(each) for each in session.outgoing()]


def collected(*frames: Frame, after: int = 0, more: bool = False) -> Collected:
    interest = Interest(
        followed={TALK: after},
        conversations=frozenset({TALK}),
        desks=frozenset(),
        device=False,
        trust=False,
        everything=False,
    )
    return Collected(interest=interest, frames=frames, more=more)


def an_envelope(seq: int) -> Envelope:
    return Envelope(
        conversation=TALK,
        seq=seq,
        group=1,
        epoch=1,
        kind="message",
        sender=CUSTOMER,
        number=1,
        posted_at=NOW,
        body=b"b",
    )


def test_the_relay_speaks_first_and_gives_the_challenge() -> None:
    (challenge,) = sent(a_session())
    assert challenge == Challenge(connection="c1", nonce=b"n" * 32, server_time=NOW, oldest_protocol=1)


def test_only_hello_comes_before_hello() -> None:
    for frame in EACH:
        with pytest.raises(WrongPhase):
            a_session().receive(encode(frame))


def test_nothing_is_taken_while_hello_is_being_checked() -> None:
    session = a_session()
    assert session.receive(encode(HELLO)) == HELLO
    for frame in (HELLO, *EACH):
        with pytest.raises(WrongPhase):
            session.receive(encode(frame))


@pytest.mark.parametrize("role", ["customer", "agent"])
@pytest.mark.parametrize("frame", EACH, ids=lambda each: type(each).__name__)
def test_each_role_says_what_is_its_own(role: str, frame: Frame) -> None:
    session = signed_in(customer() if role == "customer" else agent())
    if type(frame) in MAY_SAY[role]:
        assert session.receive(encode(frame)) == frame
    else:
        with pytest.raises(WrongPhase):
            session.receive(encode(frame))


def test_a_second_hello_is_refused() -> None:
    with pytest.raises(WrongPhase):
        signed_in().receive(encode(HELLO))


def test_nothing_is_taken_after_closing() -> None:
    session = signed_in()
    session.close()
    with pytest.raises(WrongPhase):
        session.receive(encode(POST))
    session.send(Done(ref=1))
    session.answer(POST, Done(ref=1))
    assert not session.deliver(collected(an_envelope(1)))
    assert session.outgoing() == []


def test_garbage_is_a_bad_frame() -> None:
    with pytest.raises(BadFrame):
        signed_in().receive(b"\xc1")


def test_each_phase_has_its_size() -> None:
    session = a_session()
    assert session.limit_bytes() == FRAME_BYTES_BEFORE_SIGN_IN
    with pytest.raises(TooLarge):
        session.receive(b"x" * (8 * 1024 + 1))
    session = signed_in()
    assert session.limit_bytes() == FRAME_BYTES
    with pytest.raises(TooLarge):
        session.receive(b"x" * (FRAME_BYTES + 1))


def test_hello_has_five_seconds() -> None:
    session = a_session()
    assert not session.is_overdue(Millis(NOW + HELLO_WITHIN_MS - 1))
    assert session.is_overdue(Millis(NOW + HELLO_WITHIN_MS))
    assert not signed_in().is_overdue(Millis(NOW + HELLO_WITHIN_MS))


def test_before_welcome_it_hears_and_wants_nothing() -> None:
    session = a_session()
    session.look_at_everything()
    session.answer(POST, Done(ref=1))
    assert not session.hear(Rings(trust=True))
    assert session.interest() is None
    assert not session.deliver(collected())


def test_after_hello_everything_is_due_once() -> None:
    session = a_session()
    session.receive(encode(HELLO))
    session.welcome(customer(), welcomed())
    first = session.interest()
    assert first is not None
    assert first.everything
    assert session.interest() is None
    assert session.phase is Phase.SIGNED_IN


def test_a_bell_for_another_device_is_not_heard() -> None:
    session = signed_in()
    assert not session.hear(look_at(TALK, {STRANGER}))
    assert session.hear(look_at(TALK, {CUSTOMER}))


def test_following_makes_envelopes_flow_from_the_cursor() -> None:
    session = signed_in()
    session.answer(Follow(ref=3, conversation=TALK, after=7), Done(ref=3))
    interest = session.interest()
    assert interest is not None
    assert interest.followed == {TALK: 7}
    session.deliver(collected(an_envelope(8), an_envelope(9), after=7))
    assert sent(session) == [Done(ref=3), an_envelope(8), an_envelope(9)]
    session.hear(look_at(TALK, {CUSTOMER}))
    interest = session.interest()
    assert interest is not None
    assert interest.followed == {TALK: 9}


def test_what_was_sent_is_not_sent_again() -> None:
    session = signed_in()
    session.answer(Follow(ref=3, conversation=TALK, after=0))
    session.interest()
    frames = (
        Delivered(conversation=TALK, seq=1),
        ConversationChanged(card=a_conversation().card(CUSTOMER)),
        Proposal(conversation=TALK, group=1, key_package=b"kp"),
        Queue(desk="orders", waiting=[], waiting_count=0, active_count=0),
        DeviceChanged(device_state="pending", credential=None, key_packages=0, last_resort_until=0),
        TrustUpdate(bundle=b"bundle"),
    )
    session.deliver(collected(*frames))
    assert len(sent(session)) == len(frames)
    session.deliver(collected(*frames))
    assert sent(session) == []


def test_an_envelope_of_a_conversation_nobody_follows_is_dropped() -> None:
    session = signed_in()
    session.deliver(collected(an_envelope(1)))
    assert sent(session) == []


def test_a_cursor_set_back_while_collecting_loses_nothing() -> None:
    session = signed_in()
    session.answer(Follow(ref=1, conversation=TALK, after=50))
    session.interest()
    session.answer(Follow(ref=2, conversation=TALK, after=40))
    assert session.deliver(collected(an_envelope(51), after=50))
    assert sent(session) == []
    interest = session.interest()
    assert interest is not None
    assert interest.followed == {TALK: 40}


def test_a_limit_reached_means_collecting_again_at_once() -> None:
    session = signed_in()
    session.answer(Follow(ref=1, conversation=TALK, after=0))
    session.interest()
    assert session.deliver(collected(an_envelope(1), more=True))


def test_a_watched_desk_is_collected_when_it_rings() -> None:
    session = signed_in(agent())
    session.answer(WatchQueue(ref=1, desk="orders"), Done(ref=1))
    interest = session.interest()
    assert interest is not None
    assert interest.desks == {DeskId("orders")}
    assert not session.hear(Rings(desks=frozenset({DeskId("returns")})))
    assert session.hear(Rings(desks=frozenset({DeskId("orders")})))


def test_the_slow_timer_looks_at_everything_again() -> None:
    session = signed_in(agent())
    session.answer(WatchQueue(ref=1, desk="orders"))
    session.interest()
    session.look_at_everything()
    interest = session.interest()
    assert interest is not None
    assert interest.everything
    assert interest.device
    assert interest.desks == {DeskId("orders")}


def test_an_answer_after_closing_is_not_queued() -> None:
    session = a_session()
    session.close()
    session.outgoing()
    session.answer(POST, Done(ref=1))
    assert session.outgoing() == []


def test_an_answer_to_what_asks_to_hear_nothing_changes_no_ear() -> None:
    session = signed_in()
    session.answer(POST, Done(ref=1))
    assert sent(session) == [Done(ref=1)]
    assert session.interest() is None


def test_a_stage_that_welcome_told_is_not_told_again() -> None:
    session = a_session()
    session.receive(encode(HELLO))
    card = a_conversation().card(CUSTOMER)
    session.welcome(customer(), welcomed(card))
    session.outgoing()
    session.deliver(collected(ConversationChanged(card=card), Done(ref=9)))
    assert sent(session) == [Done(ref=9)]


def test_a_limit_reached_while_looking_at_everything_means_looking_at_everything_again() -> None:
    session = signed_in()
    session.look_at_everything()
    interest = session.interest()
    assert interest is not None
    assert session.deliver(Collected(interest=interest, frames=(), more=True))
    again = session.interest()
    assert again is not None
    assert again.everything
