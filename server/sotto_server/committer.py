"""The writer thread: it takes everything that waits, runs it in one transaction, and answers after the commit."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast

from sotto_server.domain.rings import all_of
from sotto_server.faults import StoreFault

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from sotto_server.ports import Bells, Outcome, Store, Unit, UseCase
    from sotto_wire.ids import Millis

C = TypeVar("C")
R = TypeVar("R")
BATCH: Final = 1000
"""So that one fsync never waits for a flood."""


@dataclass(frozen=True, slots=True)
class Waiting(Generic[C, R]):
    """A use case with its command, and where its answer goes."""

    use_case: UseCase[C, R]
    command: C
    now: Millis
    answer: asyncio.Future[R]

    def run(self, unit: Unit) -> R:
        return self.use_case(unit, self.command, now=self.now)


class Committer:
    """No window and no timer: a batch is whatever came while the one before was being committed."""

    def __init__(self, store: Store, bells: Bells, *, loop: asyncio.AbstractEventLoop) -> None:
        self._store, self._bells, self._loop = store, bells, loop
        self._waiting: deque[Waiting[object, object]] = deque()
        self._rung = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="committer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what waits, then end; must not be called on the writer thread."""
        self._ending = True
        self._rung.set()
        self._thread.join()

    def submit(self, use_case: UseCase[C, R], command: C, now: Millis) -> asyncio.Future[R]:
        """Take a place in the order now (before any `await`); the future ends after the commit.

        It raises what the use case refused, or `StoreFault`: then it is not known whether anything was kept.
        """
        answer: asyncio.Future[R] = self._loop.create_future()
        if self._ending:
            answer.set_exception(StoreFault("the relay is stopping"))
            return answer
        self._waiting.append(cast("Waiting[object, object]", Waiting(use_case, command, now, answer)))
        self._rung.set()
        return answer

    def _work(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            while batch := self._take():
                self._commit(batch)
            if self._ending and not self._waiting:
                return

    def _take(self) -> list[Waiting[object, object]]:
        waiting = self._waiting
        return [waiting.popleft() for _ in range(min(len(waiting), BATCH))]

    def _commit(self, batch: Sequence[Waiting[object, object]]) -> None:
        try:
            outcomes = self._store.run(batch)
        except Exception as error:  # noqa: BLE001 - whatever broke, everybody who waits must hear that nobody is acknowledged
            fault = error if isinstance(error, StoreFault) else StoreFault(repr(error))
            self._loop.call_soon_threadsafe(_fail, batch, fault)
        else:
            self._loop.call_soon_threadsafe(self._resolve, batch, outcomes)

    def _resolve(self, batch: Sequence[Waiting[object, object]], outcomes: Sequence[Outcome]) -> None:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.answer.done():
                continue
            if outcome.error is not None:
                waiting.answer.set_exception(outcome.error)
            else:
                waiting.answer.set_result(outcome.result)
        rings = all_of(outcome.rings for outcome in outcomes)
        if rings:
            self._bells.ring(rings)


def _fail(batch: Sequence[Waiting[object, object]], fault: StoreFault) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(fault)
