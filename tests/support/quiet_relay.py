"""A relay in memory for one conversation's `Chat`: it gives every commit and message its place, or the answer a test asks for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sotto_client.connection import LinkLost
from sotto_wire.frames import Commit, Committed, Done, Follow, Frame, Post, Posted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_wire.frames import FromRelay
    from sotto_wire.refusals import Refused


@dataclass
class QuietRelay:
    """Stands where a `Link` stands. `refuses` holds the refusals that the next posts and commits get, in order."""

    is_online: bool = True
    seq: int = 10
    asked: list[Frame] = field(default_factory=list)
    told: list[Frame] = field(default_factory=list)
    refuses: list[Refused] = field(default_factory=list)
    news: asyncio.Queue[Frame] = field(default_factory=asyncio.Queue)
    """What was posted or committed and not refused."""

    async def ask(self, request: Callable[[int], Frame]) -> FromRelay:
        frame = request(len(self.asked) + 1)
        if not self.is_online:
            raise LinkLost("offline")
        self.asked.append(frame)
        if isinstance(frame, Follow):
            return Done(ref=frame.ref)
        if self.refuses:
            raise self.refuses.pop(0)
        self.news.put_nowait(frame)
        self.seq += 1
        if isinstance(frame, Post):
            return Posted(ref=frame.ref, conversation=frame.conversation, seq=self.seq, posted_at=0)
        if isinstance(frame, Commit):
            return Committed(ref=frame.ref, conversation=frame.conversation, seq=self.seq, receipt=None)
        ref: int = getattr(frame, "ref", 1)
        return Done(ref=ref)

    async def tell(self, frame: Frame) -> None:
        self.told.append(frame)

    async def insist(self, request: Callable[[int], Frame]) -> FromRelay:
        """Nothing here passes by itself."""
        return await self.ask(request)

    def asked_of(self, kind: type[Frame]) -> int:
        return sum(isinstance(each, kind) for each in self.asked)
