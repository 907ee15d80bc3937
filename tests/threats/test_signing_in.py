"""Rows 44-46 and 49: guessing names and passwords, stuffing, a crowd before the hash, and sessions that should have ended."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import aiohttp
import pytest
from tests.edge.test_socket import AGENT, CUSTOMER, a_post, a_session, a_talk
from tests.support.relay_world import Dice
from tests.support.running_relay import PASSWORD, PUBLIC, Running, UnsafeForTestsPasswords, a_config, a_running_relay
from tests.support.wire_client import a_client, signed_in

from sotto_keys.relay.password import Argon2Passwords
from sotto_keys.shared.secret import SecretText
from sotto_server.adapters.store.store import open_store
from sotto_server.signing_in import Attempt, SigningIn
from sotto_server.usecases.administer import NewAgent, add_agent, disable_agent
from sotto_wire.frames import Posted, Refusal
from sotto_wire.ids import AgentId, DeskId, Millis
from sotto_wire.limits import HASHES_AT_ONCE, HASHES_WAITING, SIGN_IN_TRIES, SIGN_IN_TRIES_PER_ADDRESS
from sotto_wire.refusals import NotSignedIn, Refused, TooFast, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOW: Final = Millis(1_800_000_000_000)
WRONG: Final = "not the password"
VARYING: Final = {"Date"}


@dataclass
class Counting(UnsafeForTestsPasswords):
    """Remembers which hashes were computed, and how many at once; holds them back while `gate` is shut."""

    gate: threading.Event = field(default_factory=threading.Event)
    verified: list[tuple[str, int]] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.set()

    def verify(self, stored: str, password: SecretText) -> bool:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self.gate.wait(20)
        with self._lock:
            self._at_once -= 1
            self.verified.append((stored, len(password.reveal())))
        return super().verify(stored, password)


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[tuple[Running, Counting]]:
    async with a_running_relay(a_config(tmp_path / "data")) as running:
        passwords = Counting()
        running.relay.signing_in._passwords = passwords
        yield running, passwords
        passwords.gate.set()


def an_attempt(agent: str = "ada", password: str = WRONG, address: str | None = None) -> Attempt:
    return Attempt(agent, SecretText(password), address)


async def ask(running: Running, agent: str, password: str) -> tuple[int, dict[str, str], bytes]:
    async with aiohttp.ClientSession(headers={"Origin": PUBLIC}) as http:
        body = {"agent": agent, "password": password}
        async with http.post(f"{running.url}/v1/sign-in", json=body) as answer:
            headers = {name: value for name, value in answer.headers.items() if name not in VARYING}
            return answer.status, headers, await answer.read()


async def test_row_44_whoever_is_not_let_in_reads_the_same_and_costs_the_same(
    relay: tuple[Running, Counting],
) -> None:
    running, passwords = relay
    hashed = passwords.hash(SecretText(PASSWORD))
    for name in ("gone", "short", "long"):
        new = NewAgent(agent=AgentId(name), name=name, password=hashed, desks=(DeskId("support"),))
        running.store.commit(add_agent, new, running.relay.clock.now())
    running.store.commit(disable_agent, AgentId("gone"), running.relay.clock.now())
    tried = {"ada": WRONG, "nobody": WRONG, "gone": PASSWORD, "short": "x", "long": "x" * 500, "N° 1": WRONG}
    answers = [await ask(running, agent, password) for agent, password in tried.items()]
    assert [status for status, _, _ in answers] == [401] * len(tried)
    assert all(each == answers[0] for each in answers)
    assert len(passwords.verified) == len(tried), "one hash each, whoever it was"


def test_row_44_the_hash_of_nobody_costs_what_everybodys_costs(tmp_path: Path) -> None:
    store, passwords = open_store(tmp_path / "sotto.db"), Argon2Passwords()
    signing_in = SigningIn(store=store, committer=None, passwords=passwords, entropy=Dice("nobody"))  # type: ignore[arg-type]
    costs = signing_in._nobody.split("$")[1:4]
    assert costs == passwords.hash(SecretText(PASSWORD)).split("$")[1:4] == ["argon2id", "v=19", "m=65536,t=3,p=4"]
    signing_in.close()
    store.close()


async def test_row_45_a_thousand_accounts_from_one_address_reach_thirty_hashes(
    relay: tuple[Running, Counting],
) -> None:
    running, passwords = relay
    refused: list[type[Refused]] = []
    for number in range(1_000):
        with pytest.raises(Refused) as caught:
            await running.relay.signing_in.sign_in(an_attempt(f"name{number}", address="192.0.2.1"), now=NOW)
        refused.append(type(caught.value))
    assert len(passwords.verified) == SIGN_IN_TRIES_PER_ADDRESS
    assert refused == [NotSignedIn] * SIGN_IN_TRIES_PER_ADDRESS + [TooFast] * (1_000 - SIGN_IN_TRIES_PER_ADDRESS)
    await running.relay.signing_in.sign_in(an_attempt(password=PASSWORD, address="192.0.2.2"), now=NOW)


async def test_row_45_one_account_from_a_thousand_addresses_waits_and_is_not_locked(
    relay: tuple[Running, Counting],
) -> None:
    running, passwords = relay
    tries = [
        running.relay.signing_in.sign_in(an_attempt(address=f"192.0.{number // 250}.{number % 250}"), now=NOW)
        for number in range(1_000)
    ]
    await asyncio.gather(*tries, return_exceptions=True)
    assert len(passwords.verified) == 1, "all at once is one try: the pause begins with it"
    again = await running.relay.signing_in.sign_in(an_attempt(password=PASSWORD), now=Millis(NOW + 1_000))
    assert again.signed_in.agent.agent == "ada"


async def test_row_45_everybody_together_leaves_half_of_the_processor(relay: tuple[Running, Counting]) -> None:
    running, passwords = relay
    for number in range(SIGN_IN_TRIES + 50):
        with pytest.raises(Refused):
            await running.relay.signing_in.sign_in(
                an_attempt(f"name{number}", address=f"2001:db8:{number:x}::/64"), now=NOW
            )
    assert len(passwords.verified) == SIGN_IN_TRIES


async def test_row_46_of_five_hundred_at_once_two_are_hashed_and_messages_go_on(
    relay: tuple[Running, Counting],
) -> None:
    running, passwords = relay
    a_talk(running)
    async with signed_in(running.port, CUSTOMER) as (customer, _):
        passwords.gate.clear()
        crowd = [
            asyncio.create_task(running.relay.signing_in.sign_in(an_attempt(f"name{number}"), now=NOW))
            for number in range(500)
        ]
        await customer.send(a_post(1))
        assert (await customer.next(Posted)).seq == 1
        passwords.gate.set()
        ended = await asyncio.gather(*crowd, return_exceptions=True)
    sent_away = [each for each in ended if isinstance(each, Unavailable)]
    assert passwords.most_at_once == HASHES_AT_ONCE
    assert len(sent_away) == 500 - HASHES_AT_ONCE - HASHES_WAITING
    assert all(each.retry_after_ms for each in sent_away)


async def test_row_46_who_is_sent_away_is_told_when_to_come_again(relay: tuple[Running, Counting]) -> None:
    running, passwords = relay
    running.relay.signing_in._waiting = HASHES_AT_ONCE + HASHES_WAITING
    status, headers, body = await ask(running, "ada", PASSWORD)
    assert (status, headers["Retry-After"], b"unavailable" in body) == (503, "2", True)
    assert not passwords.verified


async def test_row_49_a_session_that_the_peer_chose_is_none(relay: tuple[Running, Counting]) -> None:
    running, _ = relay
    for chosen in ("", "a" * 43, hashlib.sha256(b"x").hexdigest()):
        async with a_client(running.port, origin=PUBLIC) as client:
            await client.hello(AGENT, session=chosen)
            assert (await client.next(Refusal)).code == "not_signed_in"
            assert await client.close_code() == 4401


async def test_row_49_every_sign_in_has_a_token_of_its_own(relay: tuple[Running, Counting]) -> None:
    running, _ = relay
    assert len({await a_session(running) for _ in range(5)}) == 5


async def test_row_49_who_is_given_other_desks_by_another_process_must_sign_in_again(
    relay: tuple[Running, Counting], tmp_path: Path
) -> None:
    running, passwords = relay
    session = await a_session(running)
    async with signed_in(running.port, AGENT, session=session) as (agent, _), asyncio.timeout(5):
        other = open_store(tmp_path / "data" / "sotto.db")
        hashed = passwords.hash(SecretText(PASSWORD))
        fewer = NewAgent(agent=AgentId("ada"), name="Ada", password=hashed, desks=())
        other.commit(add_agent, fewer, running.relay.clock.now())
        other.close()
        assert await agent.close_code() == 4401
