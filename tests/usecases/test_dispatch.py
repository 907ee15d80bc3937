"""Every frame through dispatch, committer and the embedded store; sign-in by password beside it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from tests.support.relay_people import Here
from tests.support.relay_world import CONSOLE, DESK, NOW, SHOP, SITE, AgentDevice, CustomerDevice, Dice, RelayWorld
from tests.vectors.trust_world import POLICY

from sotto_keys.shared.dsse import HELLO_TYPE, sign_compact
from sotto_keys.shared.secret import SecretText
from sotto_server.adapters.memory.bells import LocalBells
from sotto_server.adapters.store.store import open_store
from sotto_server.committer import Committer
from sotto_server.dispatch import PUBLISHINGS_PER_MINUTE_PER_ADDRESS, TOUCH_EVERY_MS, Dispatch
from sotto_server.policyfile.reader import PolicyFiles
from sotto_server.session import Session
from sotto_server.signing_in import Attempt, SigningIn
from sotto_server.usecases.administer import NewAgent, add_agent, disable_agent
from sotto_server.usecases.publish_documents import Documents
from sotto_wire.claims import HelloClaims, Signed
from sotto_wire.codec import encode_claims
from sotto_wire.frames import (
    Acknowledge,
    CloseConversation,
    Committed,
    Done,
    EnrolDevice,
    Follow,
    Hello,
    KeyPackagesHeld,
    Opened,
    Posted,
    PublishKeyPackages,
    Take,
    Taken,
    WatchQueue,
)
from sotto_wire.ids import AgentId, Digest, Millis
from sotto_wire.limits import SIGN_IN_TRIES_PER_ADDRESS
from sotto_wire.refusals import BadFrame, NotFound, NotSignedIn, TooFast, Unavailable, WrongPhase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sotto_keys.shared.secret import SecretSigningKey


@dataclass
class Tick:
    """A clock that tests set."""

    at: Millis = NOW

    def now(self) -> Millis:
        return self.at


class UnsafeForTestsPasswords:
    """No slow hash, and a count of how often one was asked for."""

    def __init__(self) -> None:
        self.verified: list[str] = []

    def hash(self, password: SecretText) -> str:
        return f"hash of {password.reveal()}"

    def verify(self, stored: str, password: SecretText) -> bool:
        self.verified.append(stored)
        return stored == self.hash(password)


@dataclass
class Rig:
    """Everything between edge and store."""

    world: RelayWorld
    dispatch: Dispatch
    signing_in: SigningIn
    passwords: UnsafeForTestsPasswords
    clock: Tick


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    store, clock = open_store(tmp_path / "sotto.db"), Tick()
    world = RelayWorld(store)
    committer = Committer(store, LocalBells(), loop=asyncio.get_running_loop())
    committer.start()
    dispatch = Dispatch(
        store=store,
        committer=committer,
        clock=clock,
        signer=world.signer,
        presence=Here(),
        entropy=Dice("nonces"),
        policies=PolicyFiles(),
        console_origins=frozenset({CONSOLE}),
    )
    passwords = UnsafeForTestsPasswords()
    signing_in = SigningIn(store=store, committer=committer, passwords=passwords, entropy=Dice("tokens"))
    yield Rig(world, dispatch, signing_in, passwords, clock)
    committer.stop()
    dispatch.close()
    signing_in.close()
    store.close()


def a_session(origin: str = SHOP) -> Session:
    return Session(connection="c1", nonce=b"n" * 32, origin=origin, address=None, now=NOW)


def hello(key: SecretSigningKey, **changes: object) -> Hello:
    claims = {
        "site": SITE,
        "origin": SHOP,
        "connection": "c1",
        "nonce": b"n" * 32,
        "role": "customer",
        "device": key.public,
        "session": None,
        "build": "test",
    }
    signed = sign_compact(HELLO_TYPE, encode_claims(HelloClaims(**(claims | changes))), signer=key)  # type: ignore[arg-type]
    return Hello(hello=signed)


async def test_a_customer_is_greeted_by_proof_of_its_key(rig: Rig, customer: CustomerDevice) -> None:
    speaker, welcomed = await rig.dispatch.greet(hello(customer.key), a_session())
    assert (speaker.device, speaker.role, speaker.agent) == (customer.key.public, "customer", None)
    assert (welcomed.device_state, welcomed.conversations) == ("customer", [])


@pytest.mark.parametrize(
    "changes",
    [
        {"connection": "c2"},
        {"nonce": b"m" * 32},
        {"origin": "https://evil.example"},
        {"site": "elsewhere"},
        {"site": "console"},
        {"role": "agent"},
        {"session": "token"},
        {"device": b"d" * 32},
    ],
    ids=lambda each: next(iter(each)),
)
async def test_a_hello_for_something_else_is_refused(
    rig: Rig, customer: CustomerDevice, changes: dict[str, object]
) -> None:
    with pytest.raises(NotSignedIn):
        await rig.dispatch.greet(hello(customer.key, **changes), a_session())


async def test_a_hello_with_a_changed_signature_is_refused(rig: Rig, customer: CustomerDevice) -> None:
    spoken = hello(customer.key).hello
    forged = Hello(hello=Signed(claims=spoken.claims, signature=bytes(64)))
    with pytest.raises(NotSignedIn):
        await rig.dispatch.greet(forged, a_session())
    with pytest.raises(BadFrame):
        await rig.dispatch.greet(Hello(hello=Signed(claims=b"\xc1", signature=bytes(64))), a_session())


async def signed_in(rig: Rig) -> str:
    new = NewAgent(agent=AgentId("ana"), name="Ana", password="hash of correct horse", desks=(DESK,))
    rig.world.do(add_agent, new)
    begun = await rig.signing_in.sign_in(attempt(), now=NOW)
    assert begun.signed_in.desks == (DESK,)
    return begun.token.reveal()


def attempt(password: str = "correct horse", agent: str = "ana", address: str | None = None) -> Attempt:
    return Attempt(agent=agent, password=SecretText(password), address=address)


async def test_an_agent_is_greeted_by_session_and_device_together(rig: Rig, ana: AgentDevice) -> None:
    token = await signed_in(rig)
    spoken = hello(ana.key, site="console", origin=CONSOLE, role="agent", session=token)
    speaker, welcomed = await rig.dispatch.greet(spoken, a_session(CONSOLE))
    assert (speaker.agent, welcomed.device_state) == ("ana", "unknown")
    assert welcomed.agent is not None
    assert welcomed.agent.desks == [DESK]
    await rig.signing_in.sign_out(SecretText(token), now=NOW)
    with pytest.raises(NotSignedIn):
        await rig.dispatch.greet(spoken, a_session(CONSOLE))


async def test_an_agent_on_a_shops_page_is_not_greeted(rig: Rig, ana: AgentDevice) -> None:
    token = await signed_in(rig)
    with pytest.raises(NotSignedIn):
        await rig.dispatch.greet(hello(ana.key, site="console", role="agent", session=token), a_session())


async def test_a_made_up_session_is_refused(rig: Rig, ana: AgentDevice) -> None:
    spoken = hello(ana.key, site="console", origin=CONSOLE, role="agent", session="made up")
    with pytest.raises(NotSignedIn):
        await rig.dispatch.greet(spoken, a_session(CONSOLE))


async def test_every_frame_finds_its_use_case(rig: Rig, customer: CustomerDevice, ana: AgentDevice) -> None:
    perform = rig.dispatch.perform
    rig.world.hire(ana)
    assert await perform(EnrolDevice(ref=1, label="laptop"), ana.speaker, NOW) == [Done(ref=1)]
    await rig.dispatch.publish(Documents(credentials=(ana.credential(),)), NOW)
    publish = PublishKeyPackages(ref=2, packages=[ana.key_package()], last_resort=None)
    assert await perform(publish, ana.speaker, NOW) == [KeyPackagesHeld(ref=2, single_use=1)]
    assert await perform(WatchQueue(ref=3, desk=DESK), ana.speaker, NOW) == [Done(ref=3)]
    (opened,) = await perform(customer.opening(), customer.speaker, NOW)
    assert isinstance(opened, Opened)
    (taken,) = await perform(Take(ref=4, desk=DESK, conversation=None), ana.speaker, NOW)
    assert isinstance(taken, Taken)
    add = customer.commit(rig.world.offered(customer.conversation))
    (committed,) = await perform(add, customer.speaker, NOW)
    assert isinstance(committed, Committed)
    customer.adopt()
    (posted,) = await perform(customer.post(1), customer.speaker, NOW)
    assert isinstance(posted, Posted)
    follow = Follow(ref=5, conversation=customer.conversation, after=0)
    assert await perform(follow, ana.speaker, NOW) == [Done(ref=5)]
    assert await perform(Acknowledge(conversation=customer.conversation, seq=3), ana.speaker, NOW) == []
    close = CloseConversation(ref=6, conversation=customer.conversation)
    assert await perform(close, ana.speaker, NOW) == [Done(ref=6)]
    with pytest.raises(WrongPhase):
        await perform(hello(customer.key), customer.speaker, NOW)


async def test_posts_of_one_socket_keep_their_order(rig: Rig, customer: CustomerDevice) -> None:
    await rig.dispatch.perform(customer.opening(), customer.speaker, NOW)
    posts = [customer.post(number) for number in range(1, 17)]
    answers = await asyncio.gather(*(rig.dispatch.perform(each, customer.speaker, NOW) for each in posts))
    assert [each.seq for (each,) in answers if isinstance(each, Posted)] == list(range(1, 17))


async def test_one_address_opens_so_many_conversations_an_hour(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig.dispatch._newcomers, "_count", 1)
    for name, expected in (("one", None), ("two", TooFast)):
        customer = CustomerDevice(name)
        asked = rig.dispatch.perform(customer.opening(), replace(customer.speaker, address="192.0.2.1"), NOW)
        if expected is None:
            await asked
        else:
            with pytest.raises(expected):
                await asked


async def test_one_address_publishes_so_many_documents_a_minute(rig: Rig) -> None:
    for _ in range(PUBLISHINGS_PER_MINUTE_PER_ADDRESS):
        await rig.dispatch.prove(Documents(), "192.0.2.1", NOW)
    with pytest.raises(TooFast):
        await rig.dispatch.prove(Documents(), "192.0.2.1", NOW)
    await rig.dispatch.prove(Documents(), None, NOW)


async def test_using_the_socket_keeps_a_sign_in_alive(rig: Rig, ana: AgentDevice) -> None:
    rig.world.hire(ana)
    for step in range(1, 10):
        rig.clock.at = Millis(NOW + step * TOUCH_EVERY_MS)
        # A request that writes stands behind the note of its use in the committer's order.
        await rig.dispatch.perform(EnrolDevice(ref=1, label="laptop"), ana.speaker, rig.clock.at)
    rig.world.now = rig.clock.at
    assert rig.world.greet(ana).welcomed.agent is not None


async def test_documents_are_shown(rig: Rig) -> None:
    assert b"roots" in await rig.dispatch.trust_bundle(NOW)
    assert await rig.dispatch.policy(Digest(POLICY), NOW) == b"a policy"
    assert await rig.dispatch.trust_standing(NOW) == "ok"
    with pytest.raises(NotFound):
        await rig.dispatch.policy(Digest(bytes(32)), NOW)


async def test_sweeping_goes_through_the_committer(rig: Rig) -> None:
    assert (await rig.dispatch.sweep(NOW)).closed == 0


async def test_a_wrong_password_and_an_unknown_name_read_and_cost_the_same(rig: Rig) -> None:
    await signed_in(rig)
    asked = (attempt("wrong horse..."), attempt(agent="nobody"), attempt("short"), attempt("x" * 500, agent="eve"))
    before = len(rig.passwords.verified)
    told = set()
    for step, each in enumerate(asked):
        with pytest.raises(NotSignedIn) as refused:
            await rig.signing_in.sign_in(each, now=Millis(NOW + 10_000 * (step + 1)))
        told.add((refused.value.code, str(refused.value)))
    assert len(told) == 1
    assert len(rig.passwords.verified) - before == len(asked)


async def test_a_disabled_agent_reads_like_an_unknown_one(rig: Rig) -> None:
    await signed_in(rig)
    rig.world.do(disable_agent, AgentId("ana"))
    with pytest.raises(NotSignedIn):
        await rig.signing_in.sign_in(attempt(), now=NOW)


async def test_failures_make_a_name_wait_before_any_hash(rig: Rig) -> None:
    await signed_in(rig)
    with pytest.raises(NotSignedIn):
        await rig.signing_in.sign_in(attempt("wrong"), now=NOW)
    before = len(rig.passwords.verified)
    with pytest.raises(TooFast) as refused:
        await rig.signing_in.sign_in(attempt(), now=NOW)
    assert (refused.value.retry_after_ms, len(rig.passwords.verified)) == (1_000, before)
    await rig.signing_in.sign_in(attempt(), now=Millis(NOW + 1_000))


async def test_one_address_may_not_try_for_ever(rig: Rig) -> None:
    for number in range(SIGN_IN_TRIES_PER_ADDRESS):
        with pytest.raises(NotSignedIn):
            await rig.signing_in.sign_in(attempt(agent=f"name{number}", address="192.0.2.1"), now=NOW)
    with pytest.raises(TooFast):
        await rig.signing_in.sign_in(attempt(address="192.0.2.1"), now=NOW)


async def test_when_too_many_wait_for_a_hash_the_next_is_sent_away(rig: Rig) -> None:
    rig.signing_in._waiting = 18
    with pytest.raises(Unavailable) as refused:
        await rig.signing_in.sign_in(attempt(), now=NOW)
    assert refused.value.retry_after_ms


async def test_a_password_changed_while_it_was_verified_signs_nobody_in(rig: Rig) -> None:
    await signed_in(rig)

    class Slow(UnsafeForTestsPasswords):
        def verify(self, stored: str, password: SecretText) -> bool:
            new = NewAgent(agent=AgentId("ana"), name="Ana", password="another", desks=(DESK,))
            rig.world.do(add_agent, new)
            return super().verify(stored, password)

    rig.signing_in._passwords = Slow()
    with pytest.raises(NotSignedIn):
        await rig.signing_in.sign_in(attempt(), now=NOW)


def test_no_secret_is_printed() -> None:
    assert "correct" not in repr(attempt())
