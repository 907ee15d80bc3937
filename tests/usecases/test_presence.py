"""Who is connected: what each end is told of the other, and whom it concerns when somebody comes or goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.relay_people import Here
from tests.support.relay_world import DESK, AgentDevice, CustomerDevice

from sotto_server.domain.rings import Rings
from sotto_server.domain.speaker import Interest, Speaker
from sotto_server.usecases.close_conversation import close_conversation
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.presence import who_looks
from sotto_server.usecases.watch_queue import queue_of
from sotto_wire.frames import CloseConversation, WhoIsHere

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld

    from sotto_wire.frames import Presence, Queue
    from sotto_wire.ids import ConversationId

BEN = AgentDevice("ben", "device-ben")


def told(relay: RelayWorld, by: Speaker, name: ConversationId, here: Here) -> tuple[Presence, Presence]:
    interest = Interest(
        followed={}, conversations=frozenset({name}), desks=frozenset(), device=False, trust=False, everything=False
    )
    frames = relay.see(collect, Collecting(interest, by, here)).frames
    [found] = [each for each in frames if isinstance(each, WhoIsHere)]
    return found.customer, found.desk


def queue(relay: RelayWorld, here: Here) -> Queue:
    return relay.see(lambda unit, desk, now: queue_of(unit, desk, presence=here), DESK)  # noqa: ARG005


@pytest.fixture
def opened(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> RelayWorld:
    relay.equip(ana)
    relay.open(customer)
    return relay


def test_the_queue_says_which_customer_is_away(opened: RelayWorld, customer: CustomerDevice) -> None:
    assert [each.customer for each in queue(opened, Here()).waiting] == ["away"]
    assert [each.customer for each in queue(opened, Here({customer.key.public})).waiting] == ["here"]


def test_a_waiting_customer_hears_whether_anybody_of_the_desk_is_there(
    opened: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    me, talk = customer.key.public, customer.conversation
    assert told(opened, customer.speaker, talk, Here({me})) == ("here", "away")
    assert told(opened, customer.speaker, talk, Here({me}, [ana.key.public])) == ("here", "here")


def test_an_agent_without_a_credential_or_from_another_desk_is_nobody(
    relay: RelayWorld, customer: CustomerDevice
) -> None:
    relay.hire(BEN)
    relay.open(customer)
    stranger = AgentDevice("eve", "device-eve")
    here = Here({customer.key.public}, [BEN.key.public, stranger.key.public])
    assert told(relay, customer.speaker, customer.conversation, here) == ("here", "away")


def test_a_revoked_device_is_nobody(opened: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    opened.revoke(ana)
    here = Here({customer.key.public}, [ana.key.public])
    assert told(opened, customer.speaker, customer.conversation, here) == ("here", "away")


def test_an_agent_hears_that_the_customer_is_away_before_and_after_being_let_in(
    opened: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    opened.take(ana, customer.conversation)
    assert told(opened, ana.speaker, customer.conversation, Here()) == ("away", "here")
    opened.commit(customer.commit(opened.offered(customer.conversation)), customer.speaker)
    assert told(opened, ana.speaker, customer.conversation, Here({customer.key.public})) == ("here", "here")


def test_a_customer_who_comes_or_goes_concerns_the_desk_while_waiting_and_the_others_after(
    opened: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    assert opened.see(who_looks, customer.speaker).desks == {DESK}
    opened.take(ana, customer.conversation)
    assert opened.see(who_looks, customer.speaker).conversations == {ana.key.public: frozenset({customer.conversation})}
    opened.ask(close_conversation, CloseConversation(ref=1, conversation=customer.conversation), customer.speaker)
    assert opened.see(who_looks, customer.speaker) == Rings()


def test_an_agent_who_comes_or_goes_concerns_the_customers_who_wait(
    opened: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    assert opened.see(who_looks, ana.speaker).conversations == {customer.key.public: frozenset({customer.conversation})}
    opened.take(ana, customer.conversation)
    assert opened.see(who_looks, ana.speaker) == Rings()
