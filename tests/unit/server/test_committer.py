"""The writer thread: order, one answer each, bells after the commit, and what a failing store means."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from tests.support.relay_people import CUSTOMER, NOW, TALK, Heard, a_conversation, a_post, open_it

from sotto_server.adapters.memory.bells import LocalBells
from sotto_server.adapters.memory.store import MemoryStore
from sotto_server.committer import BATCH, Committer
from sotto_server.domain.rings import Rings
from sotto_server.faults import StoreFault
from sotto_server.usecases.post_envelope import post_envelope
from sotto_wire.refusals import OutOfOrder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sotto_server.ports import Job, Outcome, Unit
    from sotto_wire.ids import Millis


class Counting(MemoryStore):
    """A store that says how large its batches were, and can be held up or broken."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.broken: Exception | None = None

    def run(self, batch: Sequence[Job]) -> list[Outcome]:
        self.gate.wait(5)
        self.batches.append(len(batch))
        if self.broken is not None:
            raise self.broken
        return super().run(batch)


@pytest.fixture
def store() -> Counting:
    store = Counting()
    store.commit(open_it, a_conversation(), NOW)
    store.batches.clear()
    return store


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def committer(store: Counting, heard: Heard) -> AsyncIterator[Committer]:
    bells = LocalBells()
    bells.listen(heard)
    committer = Committer(store, bells, loop=asyncio.get_running_loop())
    committer.start()
    yield committer
    committer.stop()


async def test_answers_come_in_the_order_of_asking(committer: Committer) -> None:
    asked = [committer.submit(post_envelope, a_post(number), NOW) for number in range(1, 6)]
    assert [each.seq for each in await asyncio.gather(*asked)] == [1, 2, 3, 4, 5]


async def test_what_waits_during_a_commit_goes_into_the_next_one_together(
    committer: Committer, store: Counting
) -> None:
    store.gate.clear()
    asked = [committer.submit(post_envelope, a_post(number), NOW) for number in range(1, 12)]
    store.gate.set()
    await asyncio.gather(*asked)
    assert sum(store.batches) == 11
    assert len(store.batches) <= 2


async def test_a_flood_is_cut_into_batches(committer: Committer, store: Counting) -> None:
    def nothing(unit: Unit, _: None, /, *, now: Millis) -> None: ...

    store.gate.clear()
    asked = [committer.submit(nothing, None, NOW) for _ in range(BATCH * 2 + 1)]
    store.gate.set()
    await asyncio.gather(*asked)
    assert max(store.batches) <= BATCH


async def test_a_refusal_reaches_who_asked_and_rings_no_bell(committer: Committer, heard: Heard) -> None:
    with pytest.raises(OutOfOrder):
        await committer.submit(post_envelope, a_post(5), NOW)
    assert heard.rings == []


async def test_bells_ring_after_the_commit(committer: Committer, heard: Heard) -> None:
    await committer.submit(post_envelope, a_post(1), NOW)
    assert heard.rings[0].conversations[CUSTOMER] == {TALK}


async def test_when_the_store_fails_nobody_is_acknowledged(committer: Committer, store: Counting) -> None:
    for broken in (StoreFault("disk"), ZeroDivisionError("bug")):
        store.broken = broken
        asked = [committer.submit(post_envelope, a_post(number), NOW) for number in (1, 2)]
        for each in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(each, StoreFault)
    store.broken = None
    assert (await committer.submit(post_envelope, a_post(1), NOW)).seq == 1


async def test_who_gave_up_waiting_disturbs_nobody(committer: Committer, store: Counting) -> None:
    store.gate.clear()
    first = committer.submit(post_envelope, a_post(1), NOW)
    second = committer.submit(post_envelope, a_post(2), NOW)
    first.cancel()
    store.gate.set()
    assert (await second).seq == 2
    store.broken = StoreFault("disk")
    store.gate.clear()
    third = committer.submit(post_envelope, a_post(3), NOW)
    third.cancel()
    fourth = committer.submit(post_envelope, a_post(3), NOW)
    store.gate.set()
    with pytest.raises(StoreFault):
        await fourth


async def test_stopping_finishes_what_waits_and_takes_nothing_more(store: Counting) -> None:
    committer = Committer(store, LocalBells(), loop=asyncio.get_running_loop())
    committer.start()
    last = committer.submit(post_envelope, a_post(1), NOW)
    committer.stop()
    assert (await last).seq == 1
    with pytest.raises(StoreFault):
        await committer.submit(post_envelope, a_post(2), NOW)


def test_a_listener_that_left_hears_nothing() -> None:
    bells, heard = LocalBells(), Heard()
    bells.listen(heard)()
    bells.ring(Rings(trust=True))
    assert heard.rings == []
