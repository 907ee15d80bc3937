"""The planner of a handoff as pure steps: who is added, who is removed when, and what nobody asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.mls_room import agent_identity, entropy_from
from tests.support.sdk_talk import AGENT, CUSTOMER, WEEK_S
from tests.vectors.trust_world import NOW, World, key, trust_document

from sotto_client.handing_over import HandingOver, is_changing_keys
from sotto_client.own_commits import Plan, with_commit
from sotto_keys.device.mls.own_key_package import create_key_package
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.mls.group_memory import HANDOFF_MS
from sotto_wire.frames import HandoffCard, Proposal

if TYPE_CHECKING:
    from tests.support.sdk_talk import Talk

BEN: Final = key("device-ben")


def package_of(person: str) -> bytes:
    """A key package of this person's device, for whom the organisation stands."""
    device = f"device-{person}"
    identity = agent_identity(device, cred_id=f"{person}-1", person=person, name=person.capitalize())
    seed = SecretBytes(key(device).reveal_seed())
    made = create_key_package(
        seed, identity, now=NOW // 1000, not_after=NOW // 1000 + WEEK_S, entropy=entropy_from(person)
    )
    return made.public.to_message()


@dataclass
class Giver:
    """Ana's side of it; `waits` is what her timers were asked for, in seconds."""

    talk: Talk
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.handing = HandingOver(self.talk.trust, later=self.waits.append)

    def hears_of(self, key_package: bytes) -> None:
        conversation = self.talk.agent.id
        self.handing.offer(Proposal(conversation=conversation, group=1, key_package=key_package))

    async def wants(self, *, after: int = 0) -> Plan | None:
        situation = self.talk.of(AGENT.public, now=NOW + after)
        return await self.handing.plan(self.talk.agent, situation)

    async def adds(self) -> None:
        """Her Add is ordered, and both ends take it in."""
        plan = await self.wants()
        assert plan is not None
        planned = with_commit(self.talk.agent, plan, situation=self.talk.agents)
        assert planned.pending is not None
        self.talk.agent = planned
        commit = self.talk.envelope("commit", AGENT.public, body=planned.pending.message, epoch=1)
        self.talk.agent_takes(commit)
        self.talk.customer_takes(commit)


@pytest.fixture
def giver(talk: Talk) -> Giver:
    return Giver(talk)


async def test_who_accepted_is_added_under_the_decision_that_let_the_giver_in(giver: Giver) -> None:
    giver.handing.ask("ben")
    assert await giver.wants() is None
    giver.hears_of(package_of("ben"))
    await giver.adds()
    assert is_changing_keys(giver.talk.agent, me=AGENT.public)
    handoff = giver.talk.customer.memory.handoff
    assert handoff is not None
    assert (handoff.adder, handoff.newcomer) == (AGENT.public, BEN.public)


async def test_nobody_is_added_whom_nobody_asked_for(giver: Giver) -> None:
    giver.hears_of(package_of("ben"))
    assert await giver.wants() is None
    giver.handing.ask("cleo")
    giver.hears_of(package_of("ben"))
    assert await giver.wants() is None
    assert (giver.handing.is_asked, giver.handing.outcome) == (False, "commit_not_allowed")


async def test_a_newcomer_that_never_answers_is_removed_after_its_ten_minutes(giver: Giver) -> None:
    giver.handing.ask("ben")
    giver.hears_of(package_of("ben"))
    await giver.adds()
    assert await giver.wants() is None
    assert await giver.wants(after=1000) is None
    assert giver.waits == [HANDOFF_MS / 1000]
    assert await giver.wants(after=HANDOFF_MS - 1) is None
    leaf = giver.talk.agent.member.group.find(BEN.public)
    assert leaf is not None
    assert await giver.wants(after=HANDOFF_MS) == Plan(remove=(leaf,))
    # And it is not added again by itself.
    assert (giver.handing.is_asked, giver.handing.outcome) == (False, None)


async def test_a_newcomer_revoked_midway_is_removed_by_the_customer_and_the_giver_goes_on(giver: Giver) -> None:
    giver.handing.ask(None)
    giver.hears_of(package_of("ben"))
    await giver.adds()
    talk = giver.talk
    revoked = World().with_trust(trust_document(2, revoked=[{"cred_id": "ben-1", "at": NOW, "reason": "lost"}]))
    talk.trust.take(revoked.bundle().to_bytes())
    leaf = talk.customer.member.group.find(BEN.public)
    assert leaf is not None
    planned = with_commit(talk.customer, Plan(remove=(leaf,)), situation=talk.customers)
    assert planned.pending is not None
    talk.customer = planned
    commit = talk.envelope("commit", CUSTOMER.public, body=planned.pending.message, epoch=2)
    talk.customer_takes(commit)
    talk.agent_takes(commit)
    assert not is_changing_keys(talk.agent, me=AGENT.public)
    assert await giver.wants(after=HANDOFF_MS) is None


async def test_a_revoked_colleague_is_not_added(giver: Giver) -> None:
    giver.handing.ask("ben")
    giver.hears_of(package_of("ben"))
    revoked = World().with_trust(trust_document(2, revoked=[{"cred_id": "ben-1", "at": NOW, "reason": "lost"}]))
    giver.talk.trust.take(revoked.bundle().to_bytes())
    assert await giver.wants() is None
    assert giver.handing.outcome == "unknown_credential"


async def test_an_offer_that_ended_is_forgotten_with_its_reason(giver: Giver) -> None:
    giver.handing.ask("ben")
    card = HandoffCard(
        conversation=giver.talk.agent.id, desk="orders", giver="Ana", taker="Ben", standing="declined", lapses_at=NOW
    )
    assert giver.handing.told(card)
    assert (giver.handing.is_asked, giver.handing.outcome) == (False, "declined")


async def test_a_device_that_does_not_remember_asking_says_so(giver: Giver) -> None:
    card = HandoffCard(
        conversation=giver.talk.agent.id, desk="orders", giver="Ana", taker="Ben", standing="accepted", lapses_at=NOW
    )
    assert not giver.handing.told(card)


async def test_an_add_that_failed_is_given_up_and_an_end_is_wanted_again(giver: Giver) -> None:
    giver.handing.ask("ben")
    giver.hears_of(package_of("ben"))
    plan = await giver.wants()
    assert plan is not None
    giver.handing.failed(Plan(remove=(2,)), "stale_epoch")
    assert giver.handing.is_asked
    giver.handing.failed(plan, "wrong_stage")
    assert (giver.handing.is_asked, giver.handing.outcome) == (False, "wrong_stage")
