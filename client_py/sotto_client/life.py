"""The tasks of one running client, and whoever waits for something to become true. A task that fails wakes them with its error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Life:
    """Everything stays on one event loop: what happens between two awaits happens at once."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._ended: BaseException | None = None

    @property
    def ended(self) -> BaseException | None:
        """Why it is over, once it is."""
        return self._ended

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run it until it returns, fails or `stop` comes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def changed(self) -> None:
        """Whoever waits looks again."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def end(self, error: BaseException) -> None:
        """Over for good: everybody who waits gets `error`, unless what they wait for is already so."""
        self._ended = self._ended or error
        self.changed()

    async def until(self, look: Callable[[], T | None]) -> T:
        """The first answer of `look` that is neither none nor false."""
        while True:
            found = look()
            if found is not None and found is not False:
                return found
            if self._ended is not None:
                raise self._ended
            await self._news.wait()

    async def stop(self) -> None:
        """Cancel the tasks and wait for them."""
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.end(error)
