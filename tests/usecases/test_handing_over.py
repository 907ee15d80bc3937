"""A conversation is offered to a colleague of the desk: who is asked, who takes it, and each way in which nothing comes of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from tests.support.relay_members import agent_commit, joined
from tests.support.relay_people import Here
from tests.support.relay_world import DESK, NOW, AgentDevice, CustomerDevice, RelayWorld

from sotto_server.domain.speaker import Interest
from sotto_server.usecases.close_conversation import close_conversation
from sotto_server.usecases.colleagues import list_colleagues
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.greet import greet_agent
from sotto_server.usecases.hand_off import call_off, hand_off
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_server.usecases.sign_in import VerifiedPassword, sign_in
from sotto_server.usecases.watch_queue import queue_of
from sotto_wire.frames import CallOff, CloseConversation, HandOff, Handoffs, ListColleagues, Proposal
from sotto_wire.ids import AgentId, DeskId, Millis
from sotto_wire.limits import HANDOFF_ANSWER_MS, HANDOFF_TOLD_MS
from sotto_wire.refusals import (
    CommitNotAllowed,
    NobodyThere,
    NoCredential,
    NoKeyPackage,
    NotFound,
    NotSignedIn,
    WrongStage,
)

if TYPE_CHECKING:
    from sotto_server.domain.speaker import Speaker
    from sotto_wire.frames import HandoffCard


class Desk:
    """Ana talks to the customer; Ben and Cleo sit at the same desk, and all are online."""

    def __init__(self, relay: RelayWorld, customer: CustomerDevice) -> None:
        self.relay, self.customer = relay, customer
        self.ana, self.ben, self.cleo = (AgentDevice(name, f"device-{name}") for name in ("ana", "ben", "cleo"))
        for each in (self.ana, self.ben, self.cleo):
            relay.equip(each)
        relay.meet(customer, self.ana)
        self.here = Here(at_desk=[each.key.public for each in (self.ana, self.ben, self.cleo)])

    def offers(self, by: AgentDevice | None = None, *, to: str | None = "ben") -> None:
        frame = HandOff(ref=1, conversation=self.customer.conversation, to=to)
        self.relay.ask(partial(hand_off, presence=self.here), frame, (by or self.ana).speaker)

    def takes(self, device: AgentDevice) -> None:
        self.relay.take(device, self.customer.conversation)

    def calls_off(self, device: AgentDevice) -> None:
        self.relay.ask(call_off, CallOff(ref=1, conversation=self.customer.conversation), device.speaker)

    def adds(self, device: AgentDevice) -> None:
        """Ana's device lets in the one that the relay proposed."""
        offered = next(
            each
            for each in device.packages
            if each.public.to_message() == self.relay.offered(self.customer.conversation)
        )
        member = joined(self.relay, self.customer, self.ana)
        self.relay.commit(agent_commit(member, self.customer, self.ana, add=offered.public), self.ana.speaker)

    def puts_out_ana(self, device: AgentDevice) -> None:
        member = joined(self.relay, self.customer, device)
        removal = agent_commit(member, self.customer, device, remove=member.group.find(self.ana.key.public))
        self.relay.commit(removal, device.speaker)

    def told(self, device: AgentDevice) -> tuple[list[str], list[str]]:
        """Standings of what the device gives, and of what is offered to it."""
        return self.told_to(device.speaker)

    def told_to(self, by: Speaker) -> tuple[list[str], list[str]]:
        given, offered = self.cards(by)
        return [each.standing for each in given], [each.standing for each in offered]

    def cards(self, by: Speaker) -> tuple[list[HandoffCard], list[HandoffCard]]:
        frame = next(each for each in self.collected(by) if isinstance(each, Handoffs))
        return frame.given, frame.offered

    def collected(self, by: Speaker) -> tuple[object, ...]:
        look = Interest(
            followed={}, conversations=frozenset(), desks=frozenset(), device=True, trust=False, everything=True
        )
        return self.relay.see(collect, Collecting(look, by, presence=self.here)).frames

    def proposals(self, by: Speaker) -> list[Proposal]:
        return [each for each in self.collected(by) if isinstance(each, Proposal)]

    def counts(self) -> tuple[int, int]:
        queue = self.relay.see(lambda unit, desk, now: queue_of(unit, desk, presence=self.here), DESK)  # noqa: ARG005
        return queue.waiting_count, queue.active_count

    def later(self, wait_ms: int) -> None:
        self.relay.now = Millis(self.relay.now + wait_ms)

    def present(self, device: AgentDevice | None = None) -> list[str]:
        frame = ListColleagues(ref=1, conversation=self.customer.conversation)
        listed = self.relay.ask(partial(list_colleagues, presence=self.here), frame, (device or self.ana).speaker)
        return [each.agent for each in listed.colleagues]


@pytest.fixture
def desk(relay: RelayWorld, customer: CustomerDevice) -> Desk:
    return Desk(relay, customer)


# who is there


def test_colleagues_are_those_of_the_desk_who_are_online_and_could_be_added(desk: Desk) -> None:
    assert desk.present() == ["ben", "cleo"]
    desk.here.at_desk.remove(desk.cleo.key.public)
    assert desk.present() == ["ben"]


def test_who_has_no_key_package_or_no_credential_for_the_desk_is_no_colleague(desk: Desk) -> None:
    for entry in desk.relay.see(lambda unit, _, now: unit.key_packages.find(device=desk.ben.key.public), None):  # noqa: ARG005
        desk.relay.do(lambda unit, one, now: unit.key_packages.remove(one), entry.reference)  # noqa: ARG005
    desk.relay.revoke(desk.cleo)
    assert desk.present() == []


def test_a_disabled_agent_and_one_who_does_not_sit_there_are_no_colleagues(desk: Desk) -> None:
    desk.relay.do(lambda unit, _, now: unit.seats.remove("ben", DESK), None)  # noqa: ARG005
    eve = AgentDevice("eve", "device-eve", desks=("returns",))
    desk.relay.equip(eve)
    desk.here.at_desk.append(eve.key.public)
    assert desk.present() == ["cleo"]


def test_a_stranger_learns_nobody(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.present(desk.ben)


# asking


def test_an_offer_is_told_to_whom_it_is_for_and_to_nobody_else(desk: Desk) -> None:
    desk.offers(to="ben")
    assert (desk.told(desk.ana), desk.told(desk.ben), desk.told(desk.cleo)) == (
        (["asked"], []),
        ([], ["asked"]),
        ([], []),
    )
    ((card,), _) = desk.cards(desk.ana.speaker)
    assert (card.giver, card.taker, card.lapses_at) == ("Ana", "Ben", NOW + HANDOFF_ANSWER_MS)


def test_an_offer_to_anyone_is_told_to_all_but_the_giver(desk: Desk) -> None:
    desk.offers(to=None)
    assert desk.told(desk.ben) == desk.told(desk.cleo) == ([], ["asked"])
    assert desk.told(desk.ana) == (["asked"], [])
    ((card,), _) = desk.cards(desk.ana.speaker)
    assert card.taker is None


def test_an_agents_other_device_is_not_asked(desk: Desk) -> None:
    token_digest = sha256(b"another sign-in").digest()
    verified = VerifiedPassword(agent=AgentId("ana"), password="$hash", token_digest=token_digest)
    desk.relay.do(sign_in, verified)
    second = replace(AgentDevice("ana", "device-ana-2").speaker, token_digest=token_digest)
    desk.relay.do(greet_agent, replace(second, agent=None))
    desk.offers(to=None)
    assert desk.told_to(second) == ([], [])


def test_the_same_offer_again_is_answered_the_same(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.later(1000)
    desk.offers(to="ben")
    ((card,), _) = desk.cards(desk.ana.speaker)
    assert card.lapses_at == NOW + HANDOFF_ANSWER_MS


def test_a_second_offer_of_one_conversation_is_refused(desk: Desk) -> None:
    desk.offers(to="ben")
    with pytest.raises(WrongStage):
        desk.offers(to="cleo")


def test_nobody_there_is_said(desk: Desk) -> None:
    desk.here.at_desk.remove(desk.ben.key.public)
    with pytest.raises(NobodyThere):
        desk.offers(to="ben")
    desk.here.at_desk.remove(desk.cleo.key.public)
    with pytest.raises(NobodyThere):
        desk.offers(to=None)


def test_nobody_hands_over_what_is_not_theirs(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.offers(desk.ben, to="cleo")


def test_a_sign_in_that_ended_hands_nothing_over(desk: Desk) -> None:
    desk.relay.do(lambda unit, one, now: unit.sign_ins.remove(one), desk.ana.speaker.token_digest)  # noqa: ARG005
    with pytest.raises(NotSignedIn):
        desk.offers()


def test_who_was_let_in_as_a_guest_hands_nothing_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # No commit of the spine makes a guest yet: what the gate remembers of one is all that counts here.
    monkeypatch.setattr("sotto_keys.shared.mls.group_memory.GroupMemory.member", lambda *_: None)
    with pytest.raises(CommitNotAllowed):
        desk.offers()


# taking


def test_taking_offers_the_colleagues_key_package_to_the_giver_alone(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.takes(desk.ben)
    assert (desk.told(desk.ana), desk.told(desk.ben)) == ((["accepted"], []), ([], ["accepted"]))
    (proposal,) = desk.proposals(desk.ana.speaker)
    assert proposal.key_package in {each.public.to_message() for each in desk.ben.packages}
    assert desk.proposals(desk.customer.speaker) == []


def test_of_two_who_want_it_the_first_has_it(desk: Desk) -> None:
    desk.offers(to=None)
    desk.takes(desk.cleo)
    desk.takes(desk.cleo)
    with pytest.raises(WrongStage):
        desk.takes(desk.ben)
    assert (desk.told(desk.ben), desk.told(desk.cleo)) == (([], []), ([], ["accepted"]))


def test_who_was_not_asked_does_not_take_it(desk: Desk) -> None:
    with pytest.raises(WrongStage):
        desk.takes(desk.ben)
    desk.offers(to="ben")
    with pytest.raises(WrongStage):
        desk.takes(desk.cleo)


def test_without_credential_or_key_package_nobody_takes_it(desk: Desk) -> None:
    desk.offers(to="ben")
    for entry in desk.relay.see(lambda unit, _, now: unit.key_packages.find(device=desk.ben.key.public), None):  # noqa: ARG005
        desk.relay.do(lambda unit, one, now: unit.key_packages.remove(one), entry.reference)  # noqa: ARG005
    with pytest.raises(NoKeyPackage):
        desk.takes(desk.ben)
    assert desk.told(desk.ben) == ([], ["asked"])
    desk.relay.revoke(desk.ben)
    with pytest.raises(NoCredential):
        desk.takes(desk.ben)


def test_a_handoff_to_the_end_counts_one_active_conversation_throughout(desk: Desk) -> None:
    counted = [desk.counts()]
    desk.offers(to="ben")
    counted.append(desk.counts())
    desk.takes(desk.ben)
    counted.append(desk.counts())
    desk.adds(desk.ben)
    counted.append(desk.counts())
    assert (desk.told(desk.ana), desk.told(desk.ben)) == (([], []), ([], []))
    with pytest.raises(WrongStage):
        desk.offers(to="cleo")  # until the keys have changed nobody hands anything over
    desk.puts_out_ana(desk.ben)
    assert [*counted, desk.counts()] == [(0, 1)] * 5
    now = desk.relay.conversation(desk.customer.conversation)
    assert [each.device for each in now.current()] == [desk.customer.key.public, desk.ben.key.public]
    assert now.proposed is None
    with pytest.raises(NotFound):
        desk.offers(desk.ana, to="cleo")
    desk.offers(desk.ben, to="cleo")


def test_the_customers_own_add_of_another_leaves_the_offer(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.takes(desk.ben)
    desk.relay.commit(desk.customer.commit(desk.cleo.key_package()), desk.customer.speaker)
    assert desk.told(desk.ana) == (["accepted"], [])
    assert len(desk.proposals(desk.ana.speaker)) == 1


def test_the_customers_own_add_of_who_was_asked_ends_the_offer(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.takes(desk.ben)
    offered = desk.relay.offered(desk.customer.conversation)
    desk.relay.commit(desk.customer.commit(offered), desk.customer.speaker)
    assert (desk.told(desk.ana), desk.told(desk.ben)) == (([], []), ([], []))


# and when nothing comes of it


def test_the_giver_keeps_it_after_all(desk: Desk) -> None:
    desk.calls_off(desk.ana)
    desk.offers(to="ben")
    desk.takes(desk.ben)
    desk.calls_off(desk.ana)
    assert (desk.told(desk.ana), desk.told(desk.ben), desk.proposals(desk.ana.speaker)) == (([], []), ([], []), [])
    assert desk.relay.conversation(desk.customer.conversation).proposed is None
    assert desk.relay.greet(desk.ben).welcomed.conversations == []


def test_who_was_asked_says_no_and_the_giver_is_told(desk: Desk) -> None:
    desk.offers(to="ben")
    with pytest.raises(NotFound):
        desk.calls_off(desk.cleo)
    desk.calls_off(desk.ben)
    assert (desk.told(desk.ana), desk.told(desk.ben)) == ((["declined"], []), ([], []))
    desk.offers(to="cleo")
    assert desk.told(desk.ana) == (["asked"], [])


def test_who_accepted_may_still_say_no(desk: Desk) -> None:
    desk.offers(to=None)
    desk.takes(desk.ben)
    desk.calls_off(desk.cleo)
    assert desk.told(desk.ana) == (["accepted"], [])
    desk.calls_off(desk.ben)
    assert (desk.told(desk.ana), desk.proposals(desk.ana.speaker)) == ((["declined"], []), [])


def test_one_no_of_many_ends_nothing(desk: Desk) -> None:
    desk.offers(to=None)
    desk.calls_off(desk.ben)
    assert desk.told(desk.ana) == (["asked"], [])


def test_an_offer_that_nobody_takes_lapses_and_is_forgotten_later(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.later(HANDOFF_ANSWER_MS)
    with pytest.raises(WrongStage):
        desk.takes(desk.ben)
    assert desk.relay.sweep(400).handoffs == 1
    assert (desk.told(desk.ana), desk.told(desk.ben)) == ((["lapsed"], []), ([], []))
    desk.later(HANDOFF_TOLD_MS)
    desk.relay.sweep(400)
    assert desk.told(desk.ana) == ([], [])


def test_a_giver_whose_laptop_closed_after_the_yes_keeps_the_conversation(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.takes(desk.ben)
    desk.later(HANDOFF_ANSWER_MS)
    desk.relay.sweep(400)
    assert (desk.told(desk.ana), desk.told(desk.ben), desk.counts()) == ((["lapsed"], []), ([], []), (0, 1))
    assert desk.proposals(desk.ana.speaker) == []
    assert desk.relay.conversation(desk.customer.conversation).proposed is None


def test_a_revoked_taker_takes_nothing_and_the_giver_is_told(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.takes(desk.ben)
    desk.relay.revoke(desk.ben)
    assert (desk.told(desk.ana), desk.proposals(desk.ana.speaker)) == ((["gone"], []), [])
    assert desk.counts() == (0, 1)


def test_a_revoked_giver_offers_nothing(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.takes(desk.ben)
    desk.relay.revoke(desk.ana)
    assert desk.told(desk.ben) == ([], [])
    removal = desk.customer.commit(remove=[desk.ana.key.public])
    desk.relay.commit(removal, desk.customer.speaker)
    assert desk.counts() == (1, 0)
    desk.takes(desk.ben)  # as from any queue


def test_a_giver_whom_the_customers_device_removed_offers_nothing(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.relay.commit(desk.customer.commit(remove=[desk.ana.key.public]), desk.customer.speaker)
    assert (desk.told(desk.ben), desk.counts()) == (([], []), (1, 0))


def test_somebody_elses_revocation_leaves_an_offer_as_it_is(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.takes(desk.ben)
    desk.relay.meet(other := CustomerDevice("other"), desk.cleo)
    desk.relay.revoke(desk.cleo)
    assert desk.told(desk.ben) == ([], ["accepted"])
    assert desk.relay.conversation(other.conversation).stage == "waiting"


def test_a_closed_conversation_is_handed_to_nobody(desk: Desk) -> None:
    desk.offers(to="ben")
    frame = CloseConversation(ref=1, conversation=desk.customer.conversation)
    desk.relay.ask(close_conversation, frame, desk.customer.speaker)
    assert (desk.told(desk.ana), desk.told(desk.ben)) == (([], []), ([], []))
    with pytest.raises(WrongStage):
        desk.offers()


def test_a_newcomer_who_was_revoked_before_it_put_the_giver_out_is_put_out_by_the_customers_device(desk: Desk) -> None:
    desk.offers(to="ben")
    desk.takes(desk.ben)
    desk.adds(desk.ben)
    desk.relay.revoke(desk.ben)
    now = desk.relay.conversation(desk.customer.conversation)
    assert {each.device for each in now.members if each.hushed} == {desk.ana.key.public, desk.ben.key.public}


def test_no_desk_of_another_name_hears_of_it(desk: Desk) -> None:
    dan = AgentDevice("dan", "device-dan", desks=("returns",))
    desk.relay.hire(dan)
    desk.relay.do(publish_documents, Documents(credentials=(dan.credential(),)))
    desk.relay.do(lambda unit, _, now: unit.seats.remove("dan", DESK), None)  # noqa: ARG005
    desk.offers(to=None)
    assert desk.told(dan) == ([], [])
    with pytest.raises(NotFound):
        desk.calls_off(dan)
    assert DeskId("returns") != DESK
