"""The relay's use cases on both stores against a model, whatever order things come in.

`MODEL_EXAMPLES=2000 python -m pytest tests/threats/test_against_a_model.py` looks longer and at random; the suite
plays the same few games each time.
"""

from __future__ import annotations

import os
import shutil
from copy import copy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace
from tests.support.relay_model import ACTIVE, CUSTOMER, PROPOSED, Entry, Stay, Talk
from tests.support.relay_people import Here, ciphertext
from tests.support.relay_world import MINUTE, NOW, AgentDevice, CustomerDevice, RelayWorld
from tests.vectors.trust_world import World, trust_document

from sotto_server.adapters.memory.store import MemoryStore
from sotto_server.adapters.store.store import open_store
from sotto_server.domain.speaker import Asked, Interest, Speaker
from sotto_server.usecases.acknowledge import acknowledge
from sotto_server.usecases.close_conversation import close_conversation
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.enrol_device import enrol_device
from sotto_server.usecases.post_envelope import post_envelope
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_server.usecases.sign_in import VerifiedPassword, sign_in
from sotto_server.usecases.sweep import SLICE
from sotto_wire.frames import Acknowledge, CloseConversation, Commit, EnrolDevice, Envelope, Frame, Post
from sotto_wire.ids import AgentId, DeviceKey, Millis
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_keys.shared.strict_json import Json
    from sotto_server.ports import Store

T = TypeVar("T")
EXAMPLES: Final = int(os.environ.get("MODEL_EXAMPLES", "0"))
pytestmark = pytest.mark.timeout(240 + EXAMPLES * 10)
GAMES: Final = settings(
    max_examples=EXAMPLES or 25,
    stateful_step_count=40,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    # A short game is found by the long look; the suite says no as soon as it knows.
    phases=(Phase.generate, Phase.shrink) if EXAMPLES else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
AGENTS: Final = ("ana", "ben")
PEOPLE: Final = (CUSTOMER, *AGENTS)
who_speaks = st.sampled_from(PEOPLE)
agents = st.sampled_from(AGENTS)


def tag_of(answer: Frame) -> str:
    return str(type(answer).__struct_config__.tag)


class Beginning:
    """Built once: the organisation, two agents with key packages, and one conversation that runs. Games begin with copies."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self.file = Path(self._folder.name) / "sotto.db"
        self.memory = MemoryStore()
        stores: tuple[Store, ...] = (self.memory, open_store(self.file))
        self.worlds = [RelayWorld(each) for each in stores]
        self.devices = {name: AgentDevice(name, f"device-{name}") for name in AGENTS}
        for device in self.devices.values():
            self._equip(device)
        self.customer = CustomerDevice("customer 0")
        self._meet()
        stores[1].close()

    def _equip(self, device: AgentDevice) -> None:
        packages = [device.key_package() for _ in range(2)]
        last_resort = device.key_package(last_resort=True)
        for world in self.worlds:
            world.hire(device)
            world.do(enrol_device, Asked(EnrolDevice(ref=1, label="laptop"), device.speaker))
            world.do(publish_documents, Documents(credentials=(device.credential(),)))
            world.publish(device, packages, last_resort)

    def _meet(self) -> None:
        opening = self.customer.opening()
        for world in self.worlds:
            world.open(self.customer, opening)
            world.take(self.devices["ana"], self.customer.conversation)
        self.frame = self.customer.commit(self.worlds[0].offered(self.customer.conversation))
        for world in self.worlds:
            world.commit(self.frame, self.customer.speaker)
        self.customer.adopt()

    def talk(self) -> Talk:
        customer = copy(self.customer)
        customer.dice = copy(customer.dice)
        log = [Entry("commit", CUSTOMER), Entry("welcome", CUSTOMER, reader="ana")]
        stays = {CUSTOMER: Stay(), "ana": Stay(since=1, acked=1)}
        return Talk(customer, NOW, stage=ACTIVE, epoch=1, log=log, stays=stays, last=self.frame, last_seq=1)

    def stores(self, folder: Path) -> tuple[Store, ...]:
        memory = MemoryStore()
        # Nothing in it is changed in place: a job works on copies, and the store keeps those.
        memory._tables, memory._mail = self.memory._tables, self.memory._mail
        return memory, open_store(Path(shutil.copy(self.file, folder / "sotto.db")))


@cache
def beginning() -> Beginning:
    return Beginning()


class Relay(RuleBasedStateMachine):
    """Every move is made on both stores; they must answer alike, and as the model says."""

    talks = Bundle("talks")

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        begun = beginning()
        self.devices = begun.devices
        self.worlds = [copy(each) for each in begun.worlds]
        for world, store in zip(self.worlds, begun.stores(Path(self._folder.name)), strict=True):
            world.store = store
        self.revoked: list[str] = []
        self.opened: list[Talk] = []

    def teardown(self) -> None:
        for each in self.worlds:
            each.store.close()
        self._folder.cleanup()

    @property
    def now(self) -> Millis:
        return self.worlds[0].now

    def both(self, ask: Callable[[RelayWorld], T]) -> T | str:
        """What both answer: a result, or the code of a refusal."""
        answers: list[T | str] = []
        for world in self.worlds:
            try:
                answers.append(ask(world))
            except Refused as refused:
                answers.append(refused.code)
        assert answers[0] == answers[1], "the stores disagree"
        return answers[0]

    def speaker(self, talk: Talk, who: str) -> Speaker:
        return talk.customer.speaker if who == CUSTOMER else self.devices[who].speaker

    @initialize(target=talks)
    def one_runs(self) -> Talk:
        self.opened.append(beginning().talk())
        return self.opened[0]

    # the organisation

    @precondition(lambda self: len(self.revoked) < len(AGENTS))
    @rule(agent=agents, luck=st.integers(0, 4))
    def revoke(self, agent: str, luck: int) -> None:
        if luck != 3 or agent in self.revoked:
            return
        self.revoked.append(agent)
        revoked: Json = [{"cred_id": f"device-{each}-1", "at": self.now, "reason": "lost"} for each in self.revoked]
        document = trust_document(1 + len(self.revoked), revoked=revoked, issued=self.now)
        trust = World().with_trust(document).trust
        for world in self.worlds:
            world.do(publish_documents, Documents(trust=trust))
        for talk in self.opened:
            talk.revoke(agent)

    @rule(minutes=st.integers(1, 12))
    def time_passes(self, minutes: int) -> None:
        for world in self.worlds:
            world.now = Millis(world.now + minutes * MINUTE)
            for device in self.devices.values():
                digest = device.speaker.token_digest
                assert digest is not None
                world.do(sign_in, VerifiedPassword(agent=AgentId(device.agent), password="$hash", token_digest=digest))

    @rule()
    def sweep(self) -> None:
        self.both(lambda world: world.sweep(SLICE))
        for talk in self.opened:
            talk.sweep(now=self.now)

    # conversations

    @precondition(lambda self: len(self.opened) < 3)
    @rule(target=talks)
    def open(self) -> Talk:
        customer = CustomerDevice(f"customer {len(self.opened)}", at=self.now)
        opening = customer.opening()
        answers = [self.both(lambda world: world.open(customer, opening)) for _ in range(2)]
        assert answers[0] == answers[1], "the same again gets the same answer"
        self.opened.append(Talk(customer, active_at=self.now))
        return self.opened[-1]

    @rule(talk=talks, agent=agents)
    def take(self, talk: Talk, agent: str) -> None:
        name = talk.customer.conversation
        answer = self.both(lambda world: tag_of(world.take(self.devices[agent], name)))
        assert answer == talk.take(agent, is_revoked=agent in self.revoked)

    @precondition(lambda self: any(each.stage == PROPOSED for each in self.opened))
    @rule(talk=talks)
    def admit(self, talk: Talk) -> None:
        agent = talk.proposed
        if agent is None or self._in_group(talk, agent):
            return
        package = self.worlds[0].offered(talk.customer.conversation)
        assert package == self.worlds[1].offered(talk.customer.conversation)
        frame = talk.customer.commit(package, at=self._dated(talk))
        self._commit(talk, frame, added=agent)

    @rule(talk=talks)
    def renew_keys(self, talk: Talk) -> None:
        self._commit(talk, talk.customer.commit(at=self._dated(talk)))

    @rule(talk=talks, agent=agents)
    def remove(self, talk: Talk, agent: str) -> None:
        if self._in_group(talk, agent):
            device = DeviceKey(self.devices[agent].key.public)
            self._commit(talk, talk.customer.commit(remove=[device], at=self._dated(talk)), removed=agent)

    @rule(talk=talks)
    def commit_again(self, talk: Talk) -> None:
        if talk.last is None:
            return
        frame = talk.last
        assert self.both(lambda world: world.commit(frame, talk.customer.speaker).seq) == talk.last_seq
        late = replace(frame, commit=frame.commit + b"\0")
        expected = "wrong_stage" if talk.stage == "closed" else "stale_epoch"
        assert self.both(lambda world: world.commit(late, talk.customer.speaker).seq) == expected

    @rule(talk=talks, who=who_speaks, count=st.integers(1, 5))
    def write(self, talk: Talk, who: str, count: int) -> None:
        """As clients do: the next numbers, in the epoch that is."""
        for _ in range(count):
            self.post(talk, who, step=1, behind=0)

    @rule(talk=talks, who=who_speaks)
    def ask_for_everything(self, talk: Talk, who: str) -> None:
        """From the very beginning: what has left may be missing, and nothing from before its time or for others is there."""
        stay, owed = talk.stays.get(who), talk.owed(who)
        got = self.delivered(talk, who, after=0)
        assert got[len(got) - len(owed) :] == owed
        assert all(stay is not None and seq > stay.since for seq, _, _ in got)
        assert got == [each for each in talk.owed(who, after=0) if each in got]

    @rule(talk=talks, who=who_speaks)
    def read_all(self, talk: Talk, who: str) -> None:
        self.reconnect(talk, who)
        stay = talk.stays.get(who)
        self.acknowledge(talk, who, seq=talk.head if stay is None or stay.until is None else stay.until)

    @rule(talk=talks, who=who_speaks, step=st.sampled_from([1, 1, 1, 0, 2]), behind=st.sampled_from([0, 0, 0, 1]))
    def post(self, talk: Talk, who: str, step: int, behind: int) -> None:
        stay = talk.stays.get(who)
        number = max(1, (0 if stay is None else len(stay.sent)) + step)
        epoch, name = max(0, talk.epoch - behind), talk.customer.conversation
        frame = Post(
            ref=1, conversation=name, group=1, epoch=epoch, number=number, message=ciphertext(name, epoch=epoch)
        )
        answer = self.both(lambda world: world.ask(post_envelope, frame, self.speaker(talk, who)).seq)
        assert answer == talk.post(who, number=number, epoch=epoch, now=self.now)

    @rule(talk=talks, who=who_speaks, seq=st.integers(0, 12))
    def acknowledge(self, talk: Talk, who: str, seq: int) -> None:
        frame = Acknowledge(conversation=talk.customer.conversation, seq=seq)
        answer = self.both(lambda world: world.ask(acknowledge, frame, self.speaker(talk, who)))
        assert answer == talk.acknowledge(who, seq)

    @rule(talk=talks, who=who_speaks, luck=st.integers(0, 5))
    def close(self, talk: Talk, who: str, luck: int) -> None:
        if luck != 3:
            return
        frame = CloseConversation(ref=1, conversation=talk.customer.conversation)
        answer = self.both(lambda world: tag_of(world.ask(close_conversation, frame, self.speaker(talk, who))))
        assert answer == talk.close(who, now=self.now)

    @rule(talk=talks, who=who_speaks)
    def reconnect(self, talk: Talk, who: str) -> None:
        """At its own cursor: everything it is owed, in order and once, from both stores."""
        stay = talk.stays.get(who)
        got = self.delivered(talk, who, after=0 if stay is None else stay.acked)
        assert got == talk.owed(who)

    @invariant()
    def every_conversation_is_as_the_model_says(self) -> None:
        for talk in self.opened:
            kept = [world.conversation(talk.customer.conversation) for world in self.worlds]
            assert kept[0] == kept[1]
            assert (kept[0].stage, kept[0].epoch, kept[0].head) == (talk.stage, talk.epoch, talk.head)
            acked = {each.device: each.acked for each in kept[0].members}
            assert acked == {self.speaker(talk, who).device: stay.acked for who, stay in talk.stays.items()}

    def delivered(self, talk: Talk, who: str, *, after: int) -> list[tuple[int, str, int]]:
        name = talk.customer.conversation
        wanted = Interest(
            followed={name: after},
            conversations=frozenset({name}),
            desks=frozenset(),
            device=False,
            trust=False,
            everything=False,
        )
        got: list[tuple[int, str, int]] | str = self.both(
            lambda world: [
                (each.seq, each.kind, each.number)
                for each in world.see(collect, Collecting(wanted, self.speaker(talk, who), Here())).frames
                if isinstance(each, Envelope)
            ]
        )
        assert isinstance(got, list)
        return got

    def _in_group(self, talk: Talk, agent: str) -> bool:
        stay = talk.stays.get(agent)
        return stay is not None and stay.until is None

    def _dated(self, talk: Talk) -> Millis:
        return Millis(max(self.now, talk.customer.at))

    def _commit(self, talk: Talk, frame: Commit, *, added: str | None = None, removed: str | None = None) -> None:
        answer = self.both(lambda world: world.commit(frame, talk.customer.speaker).seq)
        assert answer == talk.committed(frame, now=self.now, added=added, removed=removed)
        if isinstance(answer, int):
            talk.customer.adopt()


Relay.TestCase.settings = GAMES
TestRelay = Relay.TestCase
