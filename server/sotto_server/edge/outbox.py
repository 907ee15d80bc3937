"""What one socket still has to send. Everything of one loop turn leaves in one write; a reader that does not read is let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sotto_server.edge.framing import binary_frame
from sotto_wire.limits import SEND_QUEUE_BYTES, SEND_QUEUE_FRAMES

if TYPE_CHECKING:
    from collections.abc import Iterable


class Pipe(Protocol):
    """The way out: a connection that says when it has enough."""

    @property
    def writing_paused(self) -> bool:
        """Whether the peer has not yet read what was written."""

    def write(self, octets: bytes) -> None:
        """Write whole frames."""


class TooSlow(Exception):  # noqa: N818 - the close code's word
    """More waits than the limits allow: the reader resumes from its cursor, so nothing is lost by letting it go (4408)."""


class Outbox:
    """Bounded: at most `SEND_QUEUE_FRAMES` frames and `SEND_QUEUE_BYTES` bytes wait here."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._waiting: list[bytes] = []
        self._bytes = 0

    def put(self, payloads: Iterable[bytes]) -> None:
        """Take these for the next `flush`; `TooSlow` when the peer stopped reading and they no longer fit."""
        frames = [binary_frame(each) for each in payloads]
        self._waiting += frames
        self._bytes += sum(map(len, frames))
        if self._pipe.writing_paused and (len(self._waiting) > SEND_QUEUE_FRAMES or self._bytes > SEND_QUEUE_BYTES):
            raise TooSlow

    def flush(self) -> None:
        """Write all that waits, at once, unless the peer has not yet read what was written before."""
        if not self._waiting or self._pipe.writing_paused:
            return
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        self._pipe.write(b"".join(waiting))

    @property
    def is_stuck(self) -> bool:
        """Whether something waits for the peer to read."""
        return bool(self._waiting) and self._pipe.writing_paused
