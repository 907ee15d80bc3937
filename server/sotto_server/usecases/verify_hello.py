"""Is this `hello` spoken by the holder of the device key, on this very connection? Signatures only: nothing is looked up."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

from sotto_keys.shared.dsse import HELLO_TYPE, verify_compact
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.domain.speaker import Speaker
from sotto_wire.claims import HelloClaims
from sotto_wire.codec import decode_claims
from sotto_wire.ids import DeviceKey, SiteId
from sotto_wire.refusals import NotSignedIn

if TYPE_CHECKING:
    from sotto_wire.frames import Hello

CONSOLE: Final = "console"


class Challenged(Protocol):
    """What the relay knows of the connection."""

    @property
    def connection(self) -> str: ...
    @property
    def nonce(self) -> bytes: ...
    @property
    def origin(self) -> str: ...
    @property
    def address(self) -> str | None: ...


def verify_hello(hello: Hello, *, session: Challenged) -> Speaker:
    """Who speaks. T43: a hello for another connection, nonce or origin is refused (`NotSignedIn`)."""
    claims = decode_claims(hello.hello.claims, HelloClaims)
    repeated = (claims.connection, claims.nonce, claims.origin)
    if repeated != (session.connection, session.nonce, session.origin):
        raise NotSignedIn("another challenge's hello")
    if (claims.role == "agent") != (claims.site == CONSOLE) or (claims.role == "agent") != (claims.session is not None):
        raise NotSignedIn("role, site and session disagree")
    try:
        verify_compact(HELLO_TYPE, hello.hello, key=claims.device)
    except Untrusted as error:
        raise NotSignedIn(type(error).__name__) from None
    return Speaker(
        role=claims.role,
        device=DeviceKey(claims.device),
        site=SiteId(claims.site),
        origin=claims.origin,
        address=session.address,
        token_digest=None if claims.session is None else token_digest(claims.session),
    )


def token_digest(token: str) -> bytes:
    """How a sign-in's token is kept and looked up: SHA-256."""
    return sha256(token.encode()).digest()
