"""One socket's protocol at a client's end, without a socket: bytes in, frames and bytes out. Keys stay with the caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sotto_wire.claims import HelloClaims, Signed
from sotto_wire.codec import decode_from_relay, encode, encode_claims
from sotto_wire.codes import Code
from sotto_wire.frames import Challenge, Hello, Refusal, Welcomed
from sotto_wire.refusals import WrongPhase, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_wire.frames import FromRelay
    from sotto_wire.ids import DeviceKey

PROTOCOL = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """Who says hello. `sign` signs the claims' bytes as a DSSE payload of the hello type with the device key."""

    site: str
    origin: str
    role: Literal["customer", "agent"]
    device: DeviceKey
    session: str | None = field(repr=False)
    build: str
    sign: Callable[[bytes], bytes] = field(repr=False)


@dataclass(slots=True)
class ClientSession:
    """Feed it what arrives; it answers the challenge itself and hands everything after `welcomed` to the caller.

    Raises `Refused` (of the relay's code) when the relay refuses `hello`, `BadFrame` for what is not a frame and
    `WrongPhase` for a frame out of its time.
    """

    identity: Identity
    welcomed: Welcomed | None = None
    _challenged: bool = False
    _outgoing: list[bytes] = field(default_factory=list, repr=False)
    _next_ref: int = 1

    def receive(self, octets: bytes) -> FromRelay | None:
        """The frame in `octets`, or none where it was the challenge, which is answered."""
        frame = decode_from_relay(octets)
        if isinstance(frame, Challenge):
            self._answer(frame)
            return None
        if self.welcomed is None:
            self._greet(frame)
        return frame

    def outgoing(self) -> list[bytes]:
        """What must be written now, in order."""
        out, self._outgoing = self._outgoing, []
        return out

    def new_ref(self) -> int:
        """A number for the next request, rising by one."""
        ref, self._next_ref = self._next_ref, self._next_ref + 1
        return ref

    def _answer(self, challenge: Challenge) -> None:
        if self._challenged:
            raise WrongPhase("second challenge")
        if challenge.oldest_protocol > PROTOCOL:
            raise WrongPhase("the relay asks for a newer protocol")
        self._challenged = True
        me = self.identity
        claims = encode_claims(
            HelloClaims(
                site=me.site,
                origin=me.origin,
                connection=challenge.connection,
                nonce=challenge.nonce,
                role=me.role,
                device=me.device,
                session=me.session,
                build=me.build,
            ),
        )
        self._outgoing.append(encode(Hello(hello=Signed(claims=claims, signature=me.sign(claims)))))

    def _greet(self, frame: FromRelay) -> None:
        if isinstance(frame, Refusal):
            raise refusal(Code(frame.code), retry_after_ms=frame.retry_after_ms)
        if not isinstance(frame, Welcomed) or not self._challenged:
            raise WrongPhase("frame before welcomed")
        self.welcomed = frame
