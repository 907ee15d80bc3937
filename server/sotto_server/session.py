"""One socket's protocol state at the relay, without a socket: bytes in, frames out. What is true is decided elsewhere."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from sotto_server.domain.line import Line
from sotto_wire.codec import decode_from_client, encode
from sotto_wire.frames import (
    Acknowledge,
    AnswerRequest,
    AskCustomer,
    CallOff,
    Challenge,
    CloseConversation,
    Commit,
    Complain,
    EnrolDevice,
    FindCandidates,
    Follow,
    Frame,
    FromClient,
    HandOff,
    Hello,
    LeaveMessage,
    ListColleagues,
    OpenConversation,
    Post,
    PublishKeyPackages,
    ShowHoldings,
    Take,
    WatchQueue,
    Withdraw,
)
from sotto_wire.limits import (
    FRAME_BYTES,
    FRAME_BYTES_BEFORE_SIGN_IN,
    HELLO_BYTES,
    HELLO_WITHIN_MS,
)
from sotto_wire.refusals import TooLarge, WrongPhase

if TYPE_CHECKING:
    from sotto_server.domain.rings import Rings
    from sotto_server.domain.speaker import Collected, Interest, Speaker
    from sotto_wire.frames import Welcomed
    from sotto_wire.ids import Millis

OLDEST_PROTOCOL: Final = 1
_MEMBERS: Final = frozenset({Follow, Acknowledge, Post, Commit, Complain, CloseConversation})
MAY_SAY: Final = {
    "customer": _MEMBERS | {OpenConversation, LeaveMessage, AnswerRequest, Withdraw, ShowHoldings},
    "agent": _MEMBERS
    | {EnrolDevice, PublishKeyPackages, WatchQueue, Take}
    | {ListColleagues, HandOff, CallOff, FindCandidates, AskCustomer},
}


class Phase(Enum):
    """Where a socket stands. `GREETING`: its `hello` is being checked, and it must wait for the answer."""

    CHALLENGED = "challenged"
    GREETING = "greeting"
    SIGNED_IN = "signed_in"
    CLOSED = "closed"


class Session:
    """Feed it what arrives with `receive`; write what `outgoing` gives. It lives on the loop's thread."""

    def __init__(self, *, connection: str, nonce: bytes, origin: str, address: str | None, now: Millis) -> None:
        self.connection: Final = connection
        self.nonce: Final = nonce
        self.origin: Final = origin
        self.address: Final = address
        self.opened_at: Final = now
        self.phase = Phase.CHALLENGED
        self.speaker: Speaker | None = None
        self.line: Line | None = None
        self._outgoing: list[bytes] = [
            encode(Challenge(connection=connection, nonce=nonce, server_time=now, oldest_protocol=OLDEST_PROTOCOL))
        ]

    def limit_bytes(self) -> int:
        """The largest frame this phase takes."""
        return FRAME_BYTES if self.phase is Phase.SIGNED_IN else FRAME_BYTES_BEFORE_SIGN_IN

    def is_overdue(self, now: Millis) -> bool:
        """Whether `hello` did not come in time."""
        return self.phase is Phase.CHALLENGED and now >= self.opened_at + HELLO_WITHIN_MS

    def receive(self, octets: bytes) -> FromClient:
        """The frame in `octets`.

        Refuses with `TooLarge`, `BadFrame` or `WrongPhase`; the socket must be closed.
        """
        if len(octets) > (HELLO_BYTES if self.phase is Phase.CHALLENGED else self.limit_bytes()):
            raise TooLarge(f"{len(octets)} bytes in {self.phase}")
        frame = decode_from_client(octets)
        if self.phase is Phase.CHALLENGED and isinstance(frame, Hello):
            self.phase = Phase.GREETING
            return frame
        if self.phase is not Phase.SIGNED_IN or self.speaker is None:
            raise WrongPhase(f"{type(frame).__name__} in {self.phase}")
        # T17: a second hello, or a frame of the other role.
        if type(frame) not in MAY_SAY[self.speaker.role]:
            raise WrongPhase(f"{type(frame).__name__} from a {self.speaker.role}")
        return frame

    def welcome(self, speaker: Speaker, welcomed: Welcomed) -> None:
        """`hello` was verified: the socket may speak as `speaker`, and is told so."""
        assert self.phase is Phase.GREETING
        self.phase, self.speaker, self.line = Phase.SIGNED_IN, speaker, Line(speaker.device)
        self.line.begin(welcomed)
        self.send(welcomed)

    def send(self, *frames: Frame) -> None:
        """Queue frames; nothing leaves a closed session."""
        if self.phase is not Phase.CLOSED:
            self._outgoing.extend(encode(each) for each in frames)

    def answer(self, frame: FromClient, *answers: Frame) -> None:
        """Queue the answers to `frame` and remember what it asked to hear from now on."""
        if self.phase is not Phase.SIGNED_IN or self.line is None:
            return
        self.send(*answers)
        if isinstance(frame, Follow):
            self.line.follow(frame)
        elif isinstance(frame, WatchQueue):
            self.line.watch(frame)

    def hear(self, rings: Rings) -> bool:
        """A bell: whether this socket's line should collect."""
        return self.line is not None and self.line.hear(rings)

    def look_at_everything(self) -> None:
        """The slow timer: the next interest asks for everything, in case a ring was lost."""
        if self.line is not None:
            self.line.look_at_everything()

    def interest(self) -> Interest | None:
        """What to collect now; none when nothing is due."""
        return None if self.line is None else self.line.interest()

    def deliver(self, collected: Collected) -> bool:
        """Queue what was collected and is news to this socket; whether to collect again at once."""
        if self.phase is not Phase.SIGNED_IN or self.line is None:
            return False
        self.send(*self.line.news(collected))
        return self.line.is_due()

    def outgoing(self) -> list[bytes]:
        """What must be written now, in order."""
        out, self._outgoing = self._outgoing, []
        return out

    def close(self) -> None:
        """Nothing more is taken or queued; what was queued may still be written."""
        self.phase = Phase.CLOSED
