"""The SDK's line against relays that go away at the worst moments: it comes back, and never takes a lost line for its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.vectors.trust_world import key
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from sotto_client.connection import Connection, LinkLost
from sotto_client.session import Identity
from sotto_wire.codec import SUBPROTOCOL, encode
from sotto_wire.frames import Challenge

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

CHALLENGE: Final = encode(Challenge(connection="c", nonce=bytes(32), server_time=0, oldest_protocol=1))


def identity() -> Identity:
    me = key("customer")
    return Identity(
        site="shop",
        origin="https://shop.example",
        role="customer",
        device=me.public,
        session=None,
        build="test",
        sign=me.sign,
    )


async def challenge_and_die(socket: ServerConnection) -> None:
    """As a relay that is killed between its challenge and the answer: both arrive in one piece."""
    socket.protocol.send_binary(CHALLENGE)
    socket.protocol.send_close(1001)
    socket.send_data()


async def test_a_relay_that_dies_after_its_challenge_is_a_lost_line() -> None:
    async with serve(challenge_and_die, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL)]) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(LinkLost):
            await Connection.open(f"ws://127.0.0.1:{port}", identity())
