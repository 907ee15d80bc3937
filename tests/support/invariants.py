"""What must hold after every attack (I1-I6 of docs/threat-model.md), shown on a conversation that goes on beside it.

The parts that are counted in seconds and bytes (I3's memory, I4's percentiles) belong to `sotto bench`: here the relay
must still be alive, and a conversation that nobody attacked must go on as if nothing had been.
"""

from __future__ import annotations

import base64
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import aiohttp
from tests.support.matrix_town import Town
from tests.support.raw_peer import RawPeer
from tests.support.relay_people import ciphertext
from tests.support.relay_world import NOW
from tests.support.running_relay import PASSWORD, a_config, a_running_relay
from tests.support.wire_client import signed_in

from sotto_server.app import Times
from sotto_server.edge.socket import SocketRules
from sotto_wire.frames import Acknowledge, Envelope, Follow, Post, Posted
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.running_relay import Running
    from tests.support.wire_client import WireClient


CANARY: Final = b"the-canary-nobody-may-keep"
"""Hostile bytes carry it: the relay must neither log nor keep what it refused."""
SECRETS: Final = (PASSWORD, "127.0.0.1", "Ana", CANARY.decode())
SHORT: Final = Times(request_within_ms=1_500, linger_ms=100, socket=SocketRules(hello_within_ms=1_500, stalled_ms=300))
"""Deadlines an attack can be waited out with, and a busy machine still keeps."""
REASONS: Final = ("code", "close_code", "status", "kind")


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Millis:
        return self.at

    def move(self, by_ms: int) -> None:
        self.at = Millis(self.at + by_ms)


@dataclass
class Standing:
    """A relay under attack, and Anton and Ana who talk on it."""

    running: Running
    town: Town
    clock: Hand
    database: Path
    page: WireClient
    desk: WireClient
    sent: list[int] = field(default_factory=list)
    peers: list[RawPeer] = field(default_factory=list)
    _told: int = 0

    async def connect(self) -> RawPeer:
        """One more attacker's connection."""
        self.peers.append(await RawPeer.connect(self.running.port))
        return self.peers[-1]

    def begin(self) -> None:
        """An attack begins: what is told from here on is told about it."""
        self._told = len(self.running.notes.told)

    async def holds(self, *, is_told: bool = True) -> None:
        """All six. `is_told`: whether this attack must have left a line with a reason."""
        await self._a_message_arrives_once_and_in_order()
        await self._is_alive()
        self._told_without_secrets(is_told=is_told)
        self._database_is_whole_and_holds_no_canary()

    async def _a_message_arrives_once_and_in_order(self) -> None:
        self.clock.move(1_000)
        talk = self.town.anton.conversation
        epoch, number = self.town.anton.member.epoch, len(self.sent) + 1
        message = ciphertext(talk, epoch=epoch, inside=b"sealed %d" % number)
        post = Post(ref=number, conversation=talk, group=1, epoch=epoch, number=number, message=message)
        await self.page.send(post, post)
        answers = [await self.page.next(Posted) for _ in range(2)]
        assert answers[0] == answers[1], "I1: the same number twice is one message"
        envelope = await self.desk.next(Envelope)
        self.sent.append(answers[0].seq)
        assert (envelope.seq, envelope.body) == (answers[0].seq, message), "I1: next in order, once, and unchanged"
        assert self.sent == list(range(self.sent[0], self.sent[0] + len(self.sent))), "I1: no gap"
        for each in (self.page, self.desk):
            await each.send(Acknowledge(conversation=talk, seq=envelope.seq))

    async def _is_alive(self) -> None:
        async with aiohttp.ClientSession() as http, http.get(f"{self.running.url}/healthz") as answer:
            assert answer.status == 200, "I3"

    def _told_without_secrets(self, *, is_told: bool) -> None:
        lines = self.running.notes.told[self._told :]
        assert not [each for each in SECRETS if each in str(lines)], "I5: no secret in a line"
        reasons = [fields for _, fields in lines if any(fields.get(each) for each in REASONS)]
        assert reasons or not is_told, "I5: a line with a reason"

    def _database_is_whole_and_holds_no_canary(self) -> None:
        connection = sqlite3.connect(self.database)
        try:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), "I6"
        finally:
            connection.close()
        kept = b"".join(each.read_bytes() for each in self.database.parent.glob("sotto.db*"))
        for form in (CANARY, CANARY.hex().encode(), base64.b64encode(CANARY)[:-4], CANARY.decode().encode("utf-16-le")):
            assert form not in kept, "I2: nothing of what was refused is kept"


@asynccontextmanager
async def standing(folder: Path, *, times: Times = SHORT) -> AsyncIterator[Standing]:
    """A relay with the town in it; Anton and Ana follow their conversation."""
    clock, config = Hand(), a_config(folder / "data", public_url="https://relay.example")
    async with a_running_relay(config, times=times, clock=clock) as running:
        town = Town(running.store)
        anton, ana = town.peers["anton"], town.peers["ana"]
        async with (
            signed_in(running.port, anton.key, origin=anton.origin) as (page, _),
            signed_in(running.port, ana.key, session=ana.session, origin=ana.origin) as (desk, welcomed),
        ):
            mine = next(each for each in welcomed.conversations if each.conversation == town.anton.conversation)
            await desk.send(Follow(ref=1, conversation=mine.conversation, after=mine.head))
            under_attack = Standing(running, town, clock, config.database, page, desk)
            try:
                yield under_attack
            finally:
                for each in under_attack.peers:
                    each.hang_up()
