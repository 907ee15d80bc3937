"""A conversation's next group at the relay: who may open it, what the group before still takes, and who is on offer again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from tests.support.relay_members import agent_commit, envelopes, joined, put_on_offer
from tests.support.relay_people import HOUR, Here
from tests.support.relay_world import DESK, MINUTE, NOW, AgentDevice, CustomerDevice
from tests.vectors.trust_world import key

from sotto_keys.device.mls.application_messages import encrypt
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_server.domain.speaker import Asked, Interest
from sotto_server.usecases.acknowledge import acknowledge
from sotto_server.usecases.close_conversation import close_conversation
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.complain import complain
from sotto_server.usecases.open_conversation import verify_opening
from sotto_server.usecases.post_envelope import post_envelope
from sotto_wire.frames import (
    Acknowledge,
    CloseConversation,
    Complain,
    Complained,
    ConversationChanged,
    Delivered,
    Envelope,
    Post,
    Proposal,
)
from sotto_wire.ids import Millis
from sotto_wire.refusals import CommitNotAllowed, GroupOver, NotFound, ProofFailed, WrongStage

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld

    from sotto_server.domain.speaker import Speaker
    from sotto_wire.frames import Frame


@pytest.fixture
def talking(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> CustomerDevice:
    """A customer and Ana, who talk in group 1; one message each has been taken."""
    relay.equip(ana)
    relay.meet(customer, ana)
    relay.ask(post_envelope, customer.post(1), customer.speaker)
    return customer


def successor(before: CustomerDevice, name: str = "second") -> CustomerDevice:
    return CustomerDevice(name, before=before)


def seen(relay: RelayWorld, by: Speaker, name: bytes) -> list[Frame]:
    conversation = relay.conversation(name)  # type: ignore[arg-type]
    interest = Interest(
        followed={conversation.id: 0},
        conversations=frozenset({conversation.id}),
        desks=frozenset(),
        device=False,
        trust=False,
        everything=False,
    )
    return list(relay.see(collect, Collecting(interest, by, Here())).frames)


def ana_posts(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice, *, group: int = 1) -> Post:
    member = joined(relay, customer, ana)
    member, message = encrypt(member, b"\x00" * 300, entropy=ana.dice)
    return Post(ref=1, conversation=customer.conversation, group=group, epoch=member.epoch, number=1, message=message)


def test_the_group_before_is_over_and_the_conversation_keeps_its_name_and_order(
    relay: RelayWorld, talking: CustomerDevice
) -> None:
    before = relay.conversation(talking.conversation)
    opened = relay.open(successor(talking))
    assert (opened.card.conversation, opened.card.group, opened.card.epoch) == (talking.conversation, 2, 0)
    assert (opened.card.head, opened.card.since) == (before.head, before.head)
    assert opened.card.closes_at == before.closes_at


def test_the_agent_is_on_offer_again_without_standing_in_the_queue(
    relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
) -> None:
    after = successor(talking)
    opened = relay.open(after)
    assert (opened.card.stage, opened.ahead) == ("proposed", 0)
    assert relay.conversation(after.conversation).proposed == ana.key.public
    proposals = [each for each in seen(relay, after.speaker, after.conversation) if isinstance(each, Proposal)]
    assert [each.group for each in proposals] == [2]
    relay.commit(after.commit(relay.offered(after.conversation)), after.speaker)
    assert relay.conversation(after.conversation).stage == "active"


def test_the_agent_hears_of_it_and_still_gets_what_was_taken_in_the_group_before(
    relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
) -> None:
    relay.open(successor(talking))
    told = seen(relay, ana.speaker, talking.conversation)
    assert [each.kind for each in told if isinstance(each, Envelope)] == ["welcome", "message"]
    assert [each.card.group for each in told if isinstance(each, ConversationChanged)] == [2]


def test_what_the_agent_missed_still_comes_once_it_is_let_into_the_next_group(
    relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
) -> None:
    after = successor(talking)
    relay.open(after)
    relay.commit(after.commit(relay.offered(after.conversation)), after.speaker)
    told = [each for each in seen(relay, ana.speaker, after.conversation) if isinstance(each, Envelope)]
    assert [(each.group, each.kind) for each in told] == [
        (1, "welcome"),
        (1, "message"),
        (2, "commit"),
        (2, "welcome"),
    ]


def test_nothing_more_is_taken_in_the_group_before(
    relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
) -> None:
    late = ana_posts(relay, talking, ana)
    member = joined(relay, talking, ana)
    relay.open(successor(talking))
    for frame, by in ((late, ana.speaker), (talking.post(2), talking.speaker)):
        with pytest.raises(GroupOver):
            relay.ask(post_envelope, frame, by)
    with pytest.raises(GroupOver):
        relay.commit(agent_commit(member, talking, ana), ana.speaker)
    with pytest.raises(GroupOver):
        relay.commit(talking.commit(), talking.speaker)
    with pytest.raises(GroupOver):
        relay.ask(close_conversation, CloseConversation(ref=1, conversation=talking.conversation), talking.speaker)


def test_a_stranger_hears_nothing_of_it(relay: RelayWorld, talking: CustomerDevice) -> None:
    relay.open(successor(talking))
    stranger = CustomerDevice("stranger")
    with pytest.raises(NotFound):
        relay.ask(post_envelope, replace(talking.post(2), number=1), stranger.speaker)
    assert seen(relay, stranger.speaker, talking.conversation) == []


def test_the_device_before_is_told_that_it_went_on_and_is_owed_nothing(
    relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
) -> None:
    after = successor(talking)
    relay.open(after)
    told = seen(relay, talking.speaker, talking.conversation)
    assert [each.card.group for each in told if isinstance(each, ConversationChanged)] == [2]
    assert not [each for each in told if isinstance(each, Envelope)]
    head = relay.conversation(talking.conversation).head
    for by in (ana.speaker, after.speaker):
        relay.ask(acknowledge, Acknowledge(conversation=talking.conversation, seq=head), by)
    assert envelopes(relay, talking.conversation, ana.key.public) == []


def test_the_agent_learns_what_the_customer_never_stored(
    relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
) -> None:
    relay.ask(acknowledge, Acknowledge(conversation=talking.conversation, seq=2), talking.speaker)
    relay.ask(post_envelope, ana_posts(relay, talking, ana), ana.speaker)
    relay.open(successor(talking))
    told = seen(relay, ana.speaker, talking.conversation)
    assert [each.seq for each in told if isinstance(each, Delivered)] == [2]


def test_the_same_opening_again_gets_the_same_answer(relay: RelayWorld, talking: CustomerDevice) -> None:
    after = successor(talking)
    frame = after.opening()
    assert relay.open(after, frame) == relay.open(after, frame)


def test_a_group_is_continued_once(relay: RelayWorld, talking: CustomerDevice) -> None:
    relay.open(successor(talking))
    with pytest.raises(GroupOver):
        relay.open(successor(talking, "another"))


def test_of_two_that_were_proven_at_once_one_continues(relay: RelayWorld, talking: CustomerDevice) -> None:
    one, two = successor(talking), successor(talking, "another")
    verified = relay.see(verify_opening, Asked(two.opening(), two.speaker))
    relay.open(one)
    with pytest.raises(GroupOver):
        relay.do_open(verified)


def test_a_third_group_follows_the_second(relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice) -> None:
    second = successor(talking)
    relay.open(second)
    third = successor(second, "third")
    opened = relay.open(third)
    assert (opened.card.group, opened.card.stage) == (3, "proposed")
    relay.commit(third.commit(relay.offered(third.conversation)), third.speaker)
    told = [each for each in seen(relay, ana.speaker, third.conversation) if isinstance(each, Envelope)]
    assert [(each.group, each.kind) for each in told][:2] == [(1, "welcome"), (1, "message")]


def test_who_waits_keeps_its_place_in_the_queue(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    relay.now = Millis(NOW + 1)
    relay.open(CustomerDevice("later"))
    relay.now = Millis(NOW + 2)
    opened = relay.open(successor(customer))
    assert (opened.card.stage, opened.ahead) == ("waiting", 0)


def test_who_was_on_offer_stays_on_offer(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.open(customer)
    relay.take(ana)
    offered = relay.offered(customer.conversation)
    after = successor(customer)
    assert relay.open(after).card.stage == "proposed"
    assert relay.offered(customer.conversation) == offered
    relay.commit(after.commit(offered), after.speaker)


def test_an_agent_that_may_no_longer_answer_leaves_the_conversation_to_the_desk(
    relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
) -> None:
    relay.revoke(ana)
    after = successor(talking)
    assert relay.open(after).card.stage == "waiting"
    assert seen(relay, ana.speaker, after.conversation) == []


def test_without_an_agent_on_offer_another_of_the_desk_may_take_it(
    relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
) -> None:
    ben = AgentDevice("ben", "device-ben")
    relay.equip(ben)
    relay.revoke(ana)
    after = successor(talking)
    relay.open(after)
    assert relay.take(ben).card.group == 2


@pytest.mark.parametrize("thief", ["another customer", "a forged line"])
def test_nobody_else_continues_it(relay: RelayWorld, talking: CustomerDevice, *, thief: str) -> None:
    class Thief(CustomerDevice):
        def __post_init__(self) -> None:
            super().__post_init__()
            self.conversation = talking.conversation
            self.start = self.decide()
            self.member = self._group()

    if thief == "a forged line":
        after: CustomerDevice = successor(talking)
        line = replace(after.chain()[0], customer_key=key("mallory").public)
        after.chain = lambda: [line]  # type: ignore[method-assign]
        after.member = after._group()
        with pytest.raises(ProofFailed):
            relay.open(after)
    else:
        before = Thief("mallory")
        with pytest.raises(NotFound):
            relay.open(successor(before, "mallory-2"))


def test_an_epoch_that_never_was_is_refused(relay: RelayWorld, talking: CustomerDevice) -> None:
    ahead = talking.member
    talking.commit()
    talking.adopt()
    after = successor(talking)
    talking.member = ahead
    with pytest.raises(CommitNotAllowed):
        relay.open(after)


def test_a_group_that_skips_one_is_refused(relay: RelayWorld, talking: CustomerDevice) -> None:
    with pytest.raises((GroupOver, NotFound)):
        relay.open(successor(successor(talking), "third"))


def test_the_key_of_a_member_is_no_customers(relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice) -> None:
    after = successor(talking, ana.device)
    with pytest.raises(NotFound):
        relay.open(after)


def test_a_closed_conversation_has_no_next_group(relay: RelayWorld, talking: CustomerDevice) -> None:
    frame = CloseConversation(ref=1, conversation=talking.conversation)
    relay.ask(close_conversation, frame, talking.speaker)
    with pytest.raises(WrongStage):
        relay.open(successor(talking))


def test_a_conversation_that_is_not_there_has_no_next_group(relay: RelayWorld, customer: CustomerDevice) -> None:
    with pytest.raises(NotFound):
        relay.open(successor(customer))


def test_the_time_box_stays(relay: RelayWorld, customer: CustomerDevice) -> None:
    closes_at = relay.open(customer).card.closes_at
    relay.now = Millis(NOW + HOUR)
    after = CustomerDevice("second", before=customer, at=relay.now)
    assert relay.open(after).card.closes_at == closes_at


class TestComplaints:
    """A member says that it cannot follow; the customer's device hears it, now or when it is back."""

    def frame(self, customer: CustomerDevice, *, group: int = 1) -> Complain:
        return Complain(ref=1, conversation=customer.conversation, group=group, epoch=1)

    def test_the_customer_hears_it_also_later(
        self, relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
    ) -> None:
        for _ in range(2):
            relay.ask(complain, self.frame(talking), ana.speaker)
        told = seen(relay, talking.speaker, talking.conversation)
        expected = Complained(conversation=talking.conversation, group=1, device=ana.key.public)
        assert [each for each in told if isinstance(each, Complained)] == [expected]
        assert not [each for each in seen(relay, ana.speaker, talking.conversation) if isinstance(each, Complained)]

    def test_it_ends_with_the_group(self, relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice) -> None:
        relay.ask(complain, self.frame(talking), ana.speaker)
        after = successor(talking)
        relay.open(after)
        with pytest.raises(GroupOver):
            relay.ask(complain, self.frame(talking), ana.speaker)
        relay.commit(after.commit(relay.offered(after.conversation)), after.speaker)
        assert not [each for each in seen(relay, after.speaker, after.conversation) if isinstance(each, Complained)]

    def test_a_removed_leaf_is_not_heard(self, relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice) -> None:
        relay.commit(talking.commit(remove=[ana.key.public]), talking.speaker)
        with pytest.raises(NotFound):
            relay.ask(complain, self.frame(talking), ana.speaker)

    def test_of_a_group_that_is_not_the_current_one_it_is_refused(
        self, relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
    ) -> None:
        with pytest.raises(GroupOver):
            relay.ask(complain, self.frame(talking, group=7), ana.speaker)

    def test_the_customer_opens_the_next_group_instead(self, relay: RelayWorld, talking: CustomerDevice) -> None:
        relay.ask(complain, self.frame(talking), talking.speaker)
        assert not [each for each in seen(relay, talking.speaker, talking.conversation) if isinstance(each, Complained)]

    def test_in_a_closed_conversation_nobody_complains(
        self, relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
    ) -> None:
        relay.ask(complain, self.frame(talking), ana.speaker)
        relay.ask(close_conversation, CloseConversation(ref=1, conversation=talking.conversation), talking.speaker)
        with pytest.raises(WrongStage):
            relay.ask(complain, self.frame(talking), ana.speaker)
        assert not [each for each in seen(relay, talking.speaker, talking.conversation) if isinstance(each, Complained)]


def test_the_last_agent_of_an_open_handoff_goes_on(
    relay: RelayWorld, talking: CustomerDevice, ana: AgentDevice
) -> None:
    ben = AgentDevice("ben", "device-ben")
    relay.equip(ben)
    member = joined(relay, talking, ana)
    adding = agent_commit(member, talking, ana, add=parse_key_package(ben.key_package()))
    relay.do(put_on_offer, (talking.conversation, ben.key.public))
    relay.commit(adding, ana.speaker)
    after = successor(talking)
    relay.open(after)
    assert relay.conversation(after.conversation).proposed == ben.key.public
    assert relay.conversation(after.conversation).member(ben.key.public).hushed is False


def test_minutes_and_desks_are_those_of_the_first_group(relay: RelayWorld, talking: CustomerDevice) -> None:
    relay.now = Millis(NOW + MINUTE)
    opened = relay.open(successor(talking))
    assert (opened.card.desk, opened.card.opened_at) == (DESK, NOW)
