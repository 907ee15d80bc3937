"""Everything a line asks for, read at one moment. Repeating it is harmless: the line passes on only what is news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_server.domain.speaker import Collected, Interest, Speaker
from sotto_server.usecases.finding import conversations_listed, is_party, trust_bundle_of
from sotto_server.usecases.handing import handoffs_of
from sotto_server.usecases.incidents import incidents_of
from sotto_server.usecases.key_package_stock import stock_of
from sotto_server.usecases.presence import desk_is_here
from sotto_server.usecases.sign_in import check_sign_in
from sotto_server.usecases.standing import device_standing
from sotto_server.usecases.watch_queue import queue_of
from sotto_wire.frames import (
    Complained,
    ConversationChanged,
    CustomerAsked,
    Delivered,
    DeviceChanged,
    Proposal,
    TrustUpdate,
    WhoIsHere,
)
from sotto_wire.limits import REQUESTS_LISTED
from sotto_wire.questions import Standing
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_server.domain.conversation import Conversation
    from sotto_server.ports import Presence, Unit
    from sotto_wire.frames import Envelope, Frame
    from sotto_wire.ids import DeviceKey, Millis

ENVELOPES_AT_ONCE: Final = 64
BYTES_AT_ONCE: Final = 256 * 1024
"""A quarter of the send queue: a slow reader is noticed before its queue is full."""


@dataclass(frozen=True, slots=True)
class Collecting:
    """An interest, whose it is, and who is connected while it is answered."""

    interest: Interest
    by: Speaker
    presence: Presence


def collect(unit: Unit, collecting: Collecting, /, *, now: Millis) -> Collected:
    """A query. Raises `NotSignedIn` when the agent's sign-in is over, so that the socket ends too."""
    interest, by = collecting.interest, collecting.by
    if interest.everything or interest.device:
        check_sign_in(unit, by, now=now)
    frames: list[Frame] = list(_of_relay(unit, collecting, now=now))
    more, room = False, BYTES_AT_ONCE
    for conversation in _looked_at(unit, collecting, now=now):
        found = _envelopes(unit, conversation, collecting, room=room)
        room -= sum(len(each.body) for each in found)
        cut_short = len(found) == ENVELOPES_AT_ONCE or room <= 0
        more |= cut_short
        frames += found
        if not cut_short:
            # A stage is told after the envelopes that led to it.
            frames += _around(conversation, collecting)
            frames.append(who_is_here(unit, conversation, collecting, now=now))
            frames += _offer(unit, conversation, by=by)
            frames += _complaints(conversation, by=by)
            frames += _questions(unit, conversation, by=by, now=now)
            # Not at every message: a notice is told at `follow` and when it is published.
            if conversation.id in (interest.followed if interest.everything else interest.newly_followed):
                frames += incidents_of(unit, conversation, by=by, now=now)
    if interest.device and by.agent is not None and not more:
        # That an offer is over is told after the welcome to which it led.
        frames.append(handoffs_of(unit, by))
    return Collected(interest=interest, frames=tuple(frames), more=more)


def _of_relay(unit: Unit, collecting: Collecting, *, now: Millis) -> Iterator[Frame]:
    interest, by = collecting.interest, collecting.by
    bundle = trust_bundle_of(unit) if interest.trust else None
    if bundle is not None:
        yield TrustUpdate(bundle=bundle)
    if interest.device and by.agent is not None:
        standing, stock = device_standing(unit, by.device, now=now), stock_of(unit, by.device, now=now)
        yield DeviceChanged(
            device_state=standing.state,
            credential=standing.envelope,
            key_packages=len(stock.single_use),
            last_resort_until=stock.last_resort_until,
        )
    for desk in sorted(interest.desks):
        if by.agent is not None and unit.seats.get(by.agent, desk) is not None:
            yield queue_of(unit, desk, presence=collecting.presence)


def _looked_at(unit: Unit, collecting: Collecting, *, now: Millis) -> list[Conversation]:
    interest, device = collecting.interest, collecting.by.device
    if interest.everything:
        return conversations_listed(unit, device, now=now)
    found = (unit.mail.conversation(each) for each in sorted(interest.conversations))
    return [each for each in found if each is not None and is_party(each, device)]


def _envelopes(unit: Unit, conversation: Conversation, collecting: Collecting, *, room: int) -> list[Envelope]:
    device, after = collecting.by.device, collecting.interest.followed.get(conversation.id)
    member = next((each for each in conversation.members if each.device == device and each.may_read), None)
    if after is None or member is None or room <= 0:
        return []
    until = conversation.head if member.until is None else member.until
    stored = unit.mail.envelopes(
        conversation.key, reader=device, after=max(after, member.since), until=until, limit=ENVELOPES_AT_ONCE
    )
    found: list[Envelope] = []
    for each in stored:
        found.append(each.frame(conversation.id))
        room -= len(each.body)
        if room <= 0:
            break
    return found


def _around(conversation: Conversation, collecting: Collecting) -> Iterator[Frame]:
    device = collecting.by.device
    yield ConversationChanged(card=conversation.card(device))
    delivered = conversation.delivered_to_others(device)
    if delivered and conversation.id in collecting.interest.followed:
        yield Delivered(conversation=conversation.id, seq=delivered)


def who_is_here(unit: Unit, conversation: Conversation, collecting: Collecting, *, now: Millis) -> WhoIsHere:
    """To an agent, whether the customer is; to a customer who waits, whether anybody of the desk is."""
    is_waiting = collecting.by.device == conversation.customer and conversation.stage is not Stage.ACTIVE
    desk = not is_waiting or desk_is_here(unit, conversation.desk, presence=collecting.presence, now=now)
    return WhoIsHere(
        conversation=conversation.id,
        customer="here" if collecting.presence.is_here(conversation.customer) else "away",
        desk="here" if desk else "away",
    )


def _complaints(conversation: Conversation, *, by: Speaker) -> Iterator[Frame]:
    if by.device == conversation.customer and conversation.stage is not Stage.CLOSED:
        for each in conversation.current():
            if each.stuck:
                yield Complained(conversation=conversation.id, group=conversation.group, device=each.device)


def _questions(unit: Unit, conversation: Conversation, *, by: Speaker, now: Millis) -> Iterator[Frame]:
    """The customer is shown what waits for an answer, and whom a policy shut out; the desk's agents, where each question stands."""
    if conversation.asked_at is None or conversation.stage is Stage.CLOSED:
        return
    asked = unit.questions.find(conversation=conversation.key)
    if by.device == conversation.customer:
        for each in asked:
            if each.is_open and now < each.ends_at:
                yield CustomerAsked(conversation=conversation.id, request=each.body, key_package=each.package)
            elif each.standing == Standing.INVALIDATED:
                yield each.told(conversation.id)
    elif any(each.device == by.device and each.role == "agent" and each.is_current for each in conversation.members):
        for each in asked[:REQUESTS_LISTED]:
            yield each.told(conversation.id)


def _offer(unit: Unit, conversation: Conversation, *, by: Speaker) -> Iterator[Frame]:
    offer = unit.offers.get(conversation.key) if conversation.proposed is not None else None
    if offer is not None and by.device == _who_lets_in(unit, conversation):
        yield Proposal(conversation=conversation.id, group=conversation.group, key_package=offer.package)


def _who_lets_in(unit: Unit, conversation: Conversation) -> DeviceKey | None:
    if conversation.stage is Stage.PROPOSED:
        return conversation.customer
    handoff = unit.handoffs.get(conversation.key)
    return None if handoff is None else handoff.giver
