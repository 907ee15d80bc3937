"""Rows 21, 23, 29 and 39 at the relay: commits that race, come late or early, or belong elsewhere; many conversations at one revocation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pytest
from msgspec.structs import replace
from tests.support.matrix_town import BakeryCustomer
from tests.support.relay_people import Here
from tests.support.relay_world import AgentDevice, CustomerDevice, RelayWorld

from sotto_server.adapters.memory.store import MemoryStore
from sotto_server.adapters.store.store import open_store
from sotto_server.domain.speaker import Asked, Interest
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.commit_change import commit_change
from sotto_server.usecases.open_conversation import verify_opening
from sotto_server.usecases.verify_commit import verify_commit
from sotto_wire.frames import Commit, Committed, Envelope
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sotto_server.ports import Job, Store, Unit

ROUNDS: Final = 15
"""A thousand rounds are `sotto bench`'s; the rule is the same in each."""


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RelayWorld]:
    store: Store = MemoryStore() if request.param == "memory" else open_store(tmp_path / "sotto.db")
    yield RelayWorld(store)
    store.close()


class Racing:
    """One commit, judged before the race as it would be on a reader thread."""

    def __init__(self, world: RelayWorld, frame: Commit, customer: CustomerDevice) -> None:
        self._world, self.frame = world, frame
        self._verified = world.see(verify_commit, Asked(frame, customer.speaker))

    def run(self, unit: Unit) -> Committed:
        return partial(commit_change, signer=self._world.signer)(unit, self._verified, now=self._world.now)


def test_row_21_of_all_that_race_for_an_epoch_exactly_one_wins_in_every_round(world: RelayWorld) -> None:
    customer = CustomerDevice()
    world.open(customer)
    for number in range(ROUNDS):
        made = [(customer.commit(), customer.pending) for _ in range(3)]
        jobs: list[Job] = [Racing(world, frame, customer) for frame, _ in made]
        outcomes = world.store.run(jobs[number % 3 :] + jobs[: number % 3])
        won = [each for each in outcomes if isinstance(each.result, Committed)]
        lost = [each.error for each in outcomes if each.error is not None]
        assert len(won) == 1
        assert [error.code for error in lost if isinstance(error, Refused)] == ["stale_epoch"] * 2
        customer.pending = made[number % 3][1]
        customer.adopt()
        assert world.conversation(customer.conversation).epoch == customer.member.epoch == number + 1


def changed(frame: Commit, other: Commit) -> dict[str, tuple[Commit, set[str]]]:
    return {
        "an epoch that is over": (replace(frame, epoch=frame.epoch - 1), {"stale_epoch"}),
        "an epoch five ahead": (replace(frame, epoch=frame.epoch + 5), {"stale_epoch"}),
        "another group of the chain": (replace(frame, group=2), {"stale_epoch"}),
        "the bytes of another group": (replace(frame, commit=other.commit), {"bad_frame"}),
        "in another's conversation": (replace(frame, conversation=other.conversation), {"not_found"}),
    }


@pytest.mark.parametrize("what", list(changed(*[Commit(1, bytes(16), 1, 1, b"x", None)] * 2)))
def test_row_23_a_commit_that_is_not_this_groups_next_is_refused_with_its_code(world: RelayWorld, what: str) -> None:
    customer, other, ana = CustomerDevice(), CustomerDevice("other"), AgentDevice()
    world.equip(ana)
    world.meet(customer, ana)
    world.open(other)
    frame, codes = changed(customer.commit(), other.commit())[what]
    before = world.conversation(customer.conversation)
    with pytest.raises(Refused) as refused:
        world.commit(frame, customer.speaker)
    assert refused.value.code in codes
    assert world.conversation(customer.conversation) == before


def test_row_23_a_key_package_serves_once_in_a_group_and_its_welcome_is_not_taken_again(world: RelayWorld) -> None:
    customer, ana = CustomerDevice(), AgentDevice()
    world.equip(ana)
    world.open(customer)
    world.take(ana, customer.conversation)
    package = world.offered(customer.conversation)
    first = customer.commit(package)
    world.commit(first, customer.speaker)
    customer.adopt()
    with pytest.raises(Refused):
        world.commit(replace(customer.commit(), welcome=first.welcome), customer.speaker)
    with pytest.raises(Refused) as refused:
        world.commit(replace(first, epoch=customer.member.epoch), customer.speaker)
    assert refused.value.code == "stale_epoch"


def test_row_29_one_revocation_shuts_a_device_out_of_all_its_conversations(world: RelayWorld) -> None:
    ana = AgentDevice()
    customers = [CustomerDevice(f"customer {number}") for number in range(8)]
    world.equip(ana, packages=len(customers))
    for each in customers:
        world.meet(each, ana)
    world.revoke(ana)
    everything = Interest(
        followed={each.conversation: 0 for each in customers},
        conversations=frozenset(each.conversation for each in customers),
        desks=frozenset(),
        device=False,
        trust=False,
        everything=False,
    )
    for each in customers:
        assert all(not member.is_current for member in world.conversation(each.conversation).members[1:])
    collected = world.see(collect, Collecting(everything, ana.speaker, Here()))
    assert not [frame for frame in collected.frames if isinstance(frame, Envelope)], "zero bytes of ciphertext"


def test_row_39_a_group_of_another_site_than_hello_named_is_not_opened(world: RelayWorld) -> None:
    customer = BakeryCustomer()
    at_the_shop = CustomerDevice().speaker
    with pytest.raises(Refused) as refused:
        world.see(verify_opening, Asked(customer.opening(), at_the_shop))
    assert refused.value.code == "not_found"
