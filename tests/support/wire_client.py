"""A client of subprotocol `sotto.1` on the `websockets` library, an implementation of RFC 6455 that is not the relay's."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tests.support.running_relay import PUBLIC, SHOP
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from sotto_keys.shared.dsse import HELLO_TYPE, sign_compact
from sotto_wire.claims import HelloClaims
from sotto_wire.codec import decode_from_relay, encode, encode_claims
from sotto_wire.frames import Challenge, Frame, Hello, Welcomed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sotto_keys.shared.secret import SecretSigningKey

F = TypeVar("F", bound=Frame)


@dataclass
class WireClient:
    """Frames out, frames in."""

    socket: ClientConnection
    origin: str

    async def send(self, *frames: Frame) -> None:
        for frame in frames:
            await self.socket.send(encode(frame))

    async def next(self, kind: type[F]) -> F:
        """The next frame of this kind; others are passed over."""
        async with asyncio.timeout(5):
            while True:
                octets = await self.socket.recv(decode=False)
                frame = decode_from_relay(octets)
                if isinstance(frame, kind):
                    return frame

    async def close_code(self) -> int | None:
        """Read until the relay closes."""
        try:
            async with asyncio.timeout(5):
                while True:
                    await self.socket.recv(decode=False)
        except ConnectionClosed as closed:
            return None if closed.rcvd is None else closed.rcvd.code

    async def hello(
        self, key: SecretSigningKey, *, session: str | None = None, changed: dict[str, object] | None = None
    ) -> None:
        """Speak `hello` as a customer of the shop, or as an agent with `session`; `changed` claims are lies."""
        challenge = await self.next(Challenge)
        claims: dict[str, object] = {
            "site": "shop" if session is None else "console",
            "origin": self.origin,
            "connection": challenge.connection,
            "nonce": challenge.nonce,
            "role": "customer" if session is None else "agent",
            "device": key.public,
            "session": session,
            "build": "test",
        }
        octets = encode_claims(HelloClaims(**(claims | (changed or {}))))  # type: ignore[arg-type]
        await self.send(Hello(sign_compact(HELLO_TYPE, octets, signer=key)))


@asynccontextmanager
async def a_client(port: int, *, origin: str = SHOP) -> AsyncIterator[WireClient]:
    uri = f"ws://127.0.0.1:{port}/v1/socket"
    async with connect(
        uri,
        origin=Origin(origin),
        subprotocols=[Subprotocol("sotto.1")],
        compression=None,
        proxy=None,
        max_size=None,
        ping_interval=None,
        close_timeout=2,
    ) as socket:
        yield WireClient(socket, origin)


@asynccontextmanager
async def signed_in(
    port: int, key: SecretSigningKey, *, session: str | None = None, origin: str | None = None
) -> AsyncIterator[tuple[WireClient, Welcomed]]:
    async with a_client(port, origin=origin or (SHOP if session is None else PUBLIC)) as client:
        await client.hello(key, session=session)
        yield client, await client.next(Welcomed)
