"""Commits at the relay: the gate's answer, one winner an epoch, who gets what, and the roster that follows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.relay_members import agent_commit, envelopes, joined, put_on_offer
from tests.support.relay_world import MINUTE, NOW, AgentDevice, CustomerDevice

from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.domain.speaker import Asked
from sotto_server.usecases.commit_change import commit_change
from sotto_server.usecases.post_envelope import post_envelope
from sotto_server.usecases.verify_commit import verify_commit
from sotto_wire.claims import CommitNote, WelcomeBundle
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.frames import Commit, Post
from sotto_wire.ids import Millis
from sotto_wire.refusals import (
    BadFrame,
    ClockSkew,
    CommitNotAllowed,
    MailboxFull,
    NotAdmitted,
    NotFound,
    Refused,
    StaleEpoch,
    TooLarge,
    WrongStage,
)

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld


def proposed(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> bytes:
    relay.equip(ana)
    relay.open(customer)
    relay.take(ana, customer.conversation)
    return relay.offered(customer.conversation)


def test_the_customers_add_makes_the_agent_a_member(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    committed = relay.meet(customer, ana)
    now = relay.conversation(customer.conversation)
    assert (now.stage, now.epoch, now.head, now.proposed) == ("active", 1, 2, None)
    assert [(each.device, each.since) for each in now.members] == [
        (customer.key.public, 0),
        (ana.key.public, committed.seq),
    ]


def test_the_newcomer_gets_its_welcome_alone_and_can_join_with_it(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    package = proposed(relay, customer, ana)
    frame = customer.commit(package)
    before = customer.member.group
    relay.commit(frame, customer.speaker)
    customer.adopt()
    assert [each.kind for each in envelopes(relay, customer.conversation, customer.key.public)] == ["commit"]
    welcome = envelopes(relay, customer.conversation, ana.key.public)[-1]
    bundle = decode_claims(welcome.body, WelcomeBundle)
    assert (bundle.commit, bundle.interim_hash) == (frame.commit, before.interim_transcript_hash)
    own = next(each for each in ana.packages if each.public.to_message() == package)
    joined = join(bundle.welcome, own, signing_key=SecretBytes(ana.key.reveal_seed()))
    assert joined.epoch_authenticator == customer.member.epoch_authenticator


def test_the_same_commit_again_gets_the_same_answer(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    frame = customer.commit(proposed(relay, customer, ana))
    first = relay.commit(frame, customer.speaker)
    assert relay.commit(frame, customer.speaker) == first
    assert relay.conversation(customer.conversation).head == 2


def test_of_two_commits_for_one_epoch_the_first_wins(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    first, second = customer.commit(), customer.commit()
    relay.commit(first, customer.speaker)
    with pytest.raises(StaleEpoch):
        relay.commit(second, customer.speaker)


def test_a_commit_for_an_epoch_that_has_not_come_is_stale(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    with pytest.raises(StaleEpoch):
        relay.commit(msgspec.structs.replace(customer.commit(), epoch=5), customer.speaker)


def test_a_stranger_commits_nothing(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    with pytest.raises(NotFound):
        relay.commit(customer.commit(), CustomerDevice("stranger").speaker)


def test_a_commit_of_another_member_is_not_taken_from_this_one(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    with pytest.raises(NotFound):
        relay.commit(customer.commit(), ana.speaker)


def test_an_add_without_its_welcome_is_refused(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    frame = customer.commit(proposed(relay, customer, ana))
    with pytest.raises(BadFrame):
        relay.commit(msgspec.structs.replace(frame, welcome=None), customer.speaker)
    assert relay.conversation(customer.conversation).epoch == 0


def test_a_welcome_for_somebody_else_is_refused(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    frame = customer.commit(proposed(relay, customer, ana))
    other = customer.commit(ana.key_package())
    with pytest.raises(Untrusted):
        relay.commit(msgspec.structs.replace(frame, welcome=other.welcome), customer.speaker)


def test_a_welcome_without_an_add_is_refused(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    welcome = customer.commit(proposed(relay, customer, ana)).welcome
    with pytest.raises(BadFrame):
        relay.commit(msgspec.structs.replace(customer.commit(), welcome=welcome), customer.speaker)


def test_nobody_is_added_whom_the_desk_did_not_offer(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    ben = AgentDevice("ben", "device-ben")
    relay.equip(ben)
    proposed(relay, customer, ana)
    with pytest.raises(WrongStage):
        relay.commit(customer.commit(ben.key_package()), customer.speaker)


def test_a_credential_by_a_key_that_may_not_issue_is_not_admitted(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    proposed(relay, customer, ana)

    class Forged(AgentDevice):
        def credential(self, signers: str = "mallory") -> bytes:
            return super().credential(signers)

    with pytest.raises((Refused, Untrusted)):
        relay.commit(customer.commit(Forged().key_package()), customer.speaker)


def test_a_desk_that_the_decision_does_not_name_is_not_admitted(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    proposed(relay, customer, ana)
    with pytest.raises((NotAdmitted, WrongStage)):
        relay.commit(customer.commit(AgentDevice(desks=("returns",)).key_package()), customer.speaker)


def test_a_commit_of_ten_minutes_ago_is_refused(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    relay.now = Millis(NOW + 10 * MINUTE)
    with pytest.raises(ClockSkew):
        relay.commit(customer.commit(), customer.speaker)


def test_a_commit_with_a_changed_byte_changes_nothing(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    frame = customer.commit(proposed(relay, customer, ana))
    tags = 2 * 33  # confirmation and membership tag stand last; only members can check them
    for place in range(0, len(frame.commit) - tags, 29):
        octets = bytearray(frame.commit)
        octets[place] ^= 0x41
        with pytest.raises((Refused, Untrusted)):
            relay.commit(msgspec.structs.replace(frame, commit=bytes(octets)), customer.speaker)
    assert relay.conversation(customer.conversation).epoch == 0


def test_a_removed_agent_hears_of_it_and_of_nothing_after(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    removal = relay.commit(customer.commit(remove=[ana.key.public]), customer.speaker)
    customer.adopt()
    member = relay.conversation(customer.conversation).member(ana.key.public)
    assert member.until == removal.seq
    assert relay.conversation(customer.conversation).stage == "waiting"
    with pytest.raises(NotFound):
        relay.ask(post_envelope, customer.post(1), ana.speaker)


def test_an_agent_who_comes_back_keeps_counting_its_messages(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    relay.commit(customer.commit(remove=[ana.key.public]), customer.speaker)
    customer.adopt()
    relay.take(ana, customer.conversation)
    relay.commit(customer.commit(relay.offered(customer.conversation)), customer.speaker)
    now = relay.conversation(customer.conversation)
    assert (now.stage, now.epoch) == ("active", 3)
    assert now.member(ana.key.public).is_current


def test_an_agent_may_not_remove_the_customer(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    package = proposed(relay, customer, ana)
    relay.commit(customer.commit(package), customer.speaker)
    customer.adopt()
    welcome = decode_claims(envelopes(relay, customer.conversation, ana.key.public)[-1].body, WelcomeBundle)
    own = next(each for each in ana.packages if each.public.to_message() == package)
    member = join(welcome.welcome, own, signing_key=SecretBytes(ana.key.reveal_seed()))
    note = encode_claims(CommitNote(committed_at=NOW, relies_on=None, decision=None, trust_version=None))
    made = create_commit(member, authenticated_data=note, entropy=ana.dice, remove=[0])
    frame = Commit(ref=1, conversation=customer.conversation, group=1, epoch=1, commit=made.message, welcome=None)
    with pytest.raises(CommitNotAllowed):
        relay.commit(frame, ana.speaker)


def test_a_message_of_the_epoch_before_is_stale(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    old = customer.post(1)
    relay.commit(customer.commit(), customer.speaker)
    customer.adopt()
    with pytest.raises(StaleEpoch):
        relay.ask(post_envelope, old, customer.speaker)
    assert relay.ask(post_envelope, customer.post(1), customer.speaker).seq == 4


def test_two_commits_judged_for_one_epoch_do_not_both_win(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    judged = [relay.see(verify_commit, Asked(customer.commit(), customer.speaker)) for _ in range(2)]
    relay.do(partial(commit_change, signer=relay.signer), judged[0])
    with pytest.raises(StaleEpoch):
        relay.do(partial(commit_change, signer=relay.signer), judged[1])


def test_a_revocation_between_judging_and_keeping_is_heeded(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    package = proposed(relay, customer, ana)
    judged = relay.see(verify_commit, Asked(customer.commit(package), customer.speaker))
    relay.revoke(ana)
    with pytest.raises(Refused):
        relay.do(partial(commit_change, signer=relay.signer), judged)


def test_in_a_handoff_neither_agent_writes_until_the_newcomer_has_removed_the_other(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    ben = AgentDevice("ben", "device-ben")
    relay.equip(ana)
    relay.equip(ben)
    relay.meet(customer, ana)
    add = agent_commit(joined(relay, customer, ana), customer, ana, add=ben.packages[0].public)
    with pytest.raises(WrongStage):  # nobody is handed what they did not accept
        relay.commit(add, ana.speaker)
    relay.do(put_on_offer, (customer.conversation, ben.key.public))
    relay.commit(add, ana.speaker)
    hushed = {each.device for each in relay.conversation(customer.conversation).members if each.hushed}
    assert hushed == {ana.key.public, ben.key.public}
    post = Post(ref=1, conversation=customer.conversation, group=1, epoch=2, number=1, message=b"sealed")
    with pytest.raises(WrongStage):
        relay.ask(post_envelope, post, ana.speaker)
    member = joined(relay, customer, ben)
    removal = agent_commit(member, customer, ben, remove=member.group.find(ana.key.public))
    relay.commit(removal, ben.speaker)
    after = relay.conversation(customer.conversation)
    assert [each.device for each in after.current()] == [customer.key.public, ben.key.public]
    assert not any(each.hushed for each in after.members)


def test_a_full_mailbox_takes_no_commit(
    relay: RelayWorld, customer: CustomerDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sotto_server.usecases.commit_change.MAILBOX_ENVELOPES", 0)
    relay.open(customer)
    with pytest.raises(MailboxFull):
        relay.commit(customer.commit(), customer.speaker)


def test_a_bundle_too_large_for_an_envelope_is_refused_before_anything_is_kept(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = customer.commit(proposed(relay, customer, ana))
    monkeypatch.setattr("sotto_server.usecases.commit_change.COMMIT_BYTES", 1000)
    with pytest.raises(TooLarge):
        relay.commit(frame, customer.speaker)
    assert relay.conversation(customer.conversation).head == 0


def test_a_commit_while_an_offer_stands_leaves_the_offer(
    relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice
) -> None:
    package = proposed(relay, customer, ana)
    relay.commit(customer.commit(), customer.speaker)
    assert relay.conversation(customer.conversation).stage == "proposed"
    assert relay.offered(customer.conversation) == package
