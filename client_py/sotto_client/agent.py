"""An agent as a program: signs in, has its device approved by an officer, takes conversations from a desk's queue and answers them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec

from sotto_client import device, trust_keeper
from sotto_client.agent_keys import AgentKeys
from sotto_client.agent_line import AgentBeginning, AgentLine
from sotto_client.customer import Means
from sotto_client.life import Life
from sotto_client.relay_http import RelayHttp, socket_url
from sotto_client.store import DeviceStore
from sotto_client.trust_keeper import TrustKeeper, parse_believed
from sotto_keys.shared.trust_bundle import parse_bundle
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.claims import Bytes32
from sotto_wire.frames import (
    AskCustomer,
    Candidates,
    EnrolDevice,
    FindCandidates,
    HandOff,
    ListColleagues,
    Present,
    Take,
    Taken,
)
from sotto_wire.ids import ConversationId, Digest
from sotto_wire.refusals import NotFound, Refused, WrongStage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sotto_client.chat import Chat
    from sotto_client.relay_http import SignedIn
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.secret import SecretText
    from sotto_wire.frames import Colleague, HandoffCard, Queue, RequestChanged

RECORD = "agent"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who answers, and how their device calls itself. The password stays in memory: a sign-in ends after a working day."""

    agent: str
    password: SecretText = field(repr=False)
    device: str


class _AgentRecord(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    agent: str
    root: Bytes32
    """The root this device believes in: the one it was told, or the one it saw when it was new."""


class Agent:
    """One device of one agent. `async with` it, or `stop` it: what rests on disk goes on with the next `sign_in`."""

    def __init__(self, line: AgentLine, begin: AgentBeginning) -> None:
        self._line, self._begin = line, begin

    @classmethod
    async def sign_in(
        cls, relay: str, who: SignIn, *, state: Path, root: Digest | None = None, means: Means | None = None
    ) -> Self:
        """Sign in at `relay` (its public address) with the device that the folder `state` is; a new folder is a new device.

        `root` pins the organisation; without it a new device believes the root it is shown: compare the organisation words with an
        officer. Raises `NotSignedIn`, `TooFast`, `Unavailable`, `Untrusted`, or `BlockingIOError` where the state is in use.
        """
        means = means or Means()
        store = DeviceStore.open(state, entropy=means.entropy)
        life = Life()
        try:
            begin = await _begin(relay, who, root=root, store=store, life=life, means=means)
            line = AgentLine(begin)
            line.restore()
            life.spawn(line.link.run())
            await life.until(lambda: line.link.is_online)
        except BaseException:
            await life.stop()
            store.close()
            raise
        return cls(line, begin)

    @property
    def chats(self) -> dict[ConversationId, Chat]:
        """The conversations this device is or was in."""
        return dict(self._line.chats)

    @property
    def left(self) -> tuple[ConversationId, ...]:
        """Messages left for this device and others on call, which nobody has answered: `answer` the one you read."""
        me = self._begin.keys.key.public
        chats = self._line.chats.items()
        return tuple(name for name, chat in chats if _is_open(chat) and chat.conversation.is_left_for(me))

    async def answer(self, conversation: ConversationId) -> Chat:
        """Make a left message ours: the others on call are removed. Raises `WrongStage` where a colleague was faster."""
        chat, me = self._line.answer(conversation), self._begin.keys.key.public
        after = await chat.until(lambda now: now.broken is not None or now.is_closed or not now.is_left_for(me))
        if after.broken is not None or after.is_closed:
            raise WrongStage(after.broken or "closed")
        return chat

    @property
    def away(self) -> frozenset[ConversationId]:
        """Conversations whose customer's device is not connected: what is said there arrives when it is back."""
        return frozenset(self._line.away)

    @property
    def keys(self) -> AgentKeys:
        """Where the device stands with the officer, and its request."""
        return self._begin.keys

    @property
    def problem(self) -> str | None:
        """Code of what was refused last, by the relay or by our own checks."""
        distrusted = self._begin.keeper.distrusted
        return self._line.problem if distrusted is None else distrusted.code

    def queue(self, desk: str) -> Queue | None:
        """The desk's queue as told last."""
        return self._line.queues.get(desk)

    async def enrol(self) -> str:
        """Ask for a credential; the request's code, to carry to an officer."""
        label = self.keys.label
        await self._line.link.ask(lambda ref: EnrolDevice(ref=ref, label=label))
        return self.keys.request_code()

    async def approved(self) -> None:
        """Wait until an officer has issued a credential that we can verify."""
        await self._begin.life.until(lambda: self.keys.credential(at=self._line.relay_now()) is not None)

    async def waiting(self, desk: str) -> None:
        """Wait until somebody waits at the desk."""
        await self._begin.life.until(lambda: (queue := self.queue(desk)) is not None and queue.waiting_count > 0)

    async def take(self, desk: str, conversation: ConversationId | None = None) -> ConversationId:
        """Take the longest-waiting conversation, or that one. The customer's device then adds us, or does not.

        Raises `NotFound` where nobody waits, `NoCredential`, `NoKeyPackage`, `WrongStage` or `LinkLost`.
        """
        answer = await self._line.link.ask(lambda ref: Take(ref=ref, desk=desk, conversation=conversation))
        assert isinstance(answer, Taken), "the relay answers a take with taken"
        await self._line.expect(answer.card)
        return ConversationId(answer.card.conversation)

    async def joined(self, conversation: ConversationId) -> Chat:
        """Wait until the customer's device has let us in, and we have judged that it did.

        Raises what our own judgement found wrong, or `WrongStage` where the conversation closed before.
        """
        return await self._begin.life.until(lambda: self._line.joined(conversation))

    @property
    def offered(self) -> tuple[HandoffCard, ...]:
        """Conversations that colleagues hand over and this device may `take`."""
        return tuple(card for card in self._line.handoffs.offered if card.standing == "asked")

    async def asked(self) -> HandoffCard:
        """Wait until a colleague hands something over."""
        return await self._begin.life.until(lambda: next(iter(self.offered), None))

    async def colleagues(self, conversation: ConversationId) -> list[Colleague]:
        """Who of the desk is online and could take this conversation over. Raises `NotFound` or `LinkLost`."""
        answer = await self._line.link.ask(lambda ref: ListColleagues(ref=ref, conversation=conversation))
        assert isinstance(answer, Present), "the relay answers with who is present"
        return answer.colleagues

    async def hand_off(self, conversation: ConversationId, to: str | None = None) -> None:
        """Offer it to a colleague (by sign-in name), or to whoever takes it first. The colleague reads new messages only.

        Returns once the offer stands; `handed_off` waits for the end. Raises `NobodyThere`, `WrongStage`, `NotFound`,
        `CommitNotAllowed` or `LinkLost`.
        """
        handing = self._line.handing.get(conversation)
        if handing is None:
            raise NotFound("no conversation of ours")
        handing.ask(to)
        try:
            await self._line.link.ask(lambda ref: HandOff(ref=ref, conversation=conversation, to=to))
        except Refused as refused:
            handing.forget(str(refused.code))
            raise

    async def handed_off(self, conversation: ConversationId) -> str:
        """Wait for the end of it: `removed` once the colleague's device has put us out, else why nothing came of it.

        That is `declined`, `lapsed`, `gone` (the colleague's device fell away), `kept` (we called it off, or the colleague's device
        did not come and was removed), or the code of what was refused.
        """
        return await self._begin.life.until(lambda: self._line.ended(conversation))

    async def call_off(self, conversation: ConversationId) -> None:
        """Keep it after all; of what a colleague offers: no. Raises the relay's refusal, or `LinkLost`."""
        await self._line.call_off(conversation)

    async def candidates(self, conversation: ConversationId, moment: str) -> list[Credential]:
        """Whom the customer could be asked to let in at this moment, each verified here. Raises the relay's refusal."""
        answer = await self._line.link.ask(
            lambda ref: FindCandidates(ref=ref, conversation=conversation, moment=moment)
        )
        assert isinstance(answer, Candidates), "the relay answers candidates with found"
        state, at = self._begin.keeper.state, self._line.relay_now()
        return [state.judge_credential(each, at=at) for each in answer.credentials]

    async def ask(self, conversation: ConversationId, moment: str, newcomer: Credential) -> None:
        """Ask the customer to let that device in. Raises the relay's refusal; the answer comes into `questions`."""
        await self._line.link.ask(
            lambda ref: AskCustomer(
                ref=ref,
                conversation=conversation,
                moment=moment,
                device=newcomer.device_key,
                history="new_messages",
            )
        )

    def questions(self, conversation: ConversationId) -> list[RequestChanged]:
        """Where each question to this customer stands."""
        return [each for each in self._line.questions.values() if each.conversation == conversation]

    async def until(self, look: Callable[[], T | None]) -> T:
        """What `look` finds, once it finds something. Raises what ended the client before."""
        return await self._begin.life.until(look)

    async def invited(self) -> Chat:
        """Wait until a customer has let us in by a decision for this device, and we have judged that it did."""
        return await self._begin.life.until(self._line.next_invitation)

    async def stop(self) -> None:
        """Go offline. What rests on disk goes on with the next `sign_in`."""
        await self._begin.life.stop()
        for chat in self._line.chats.values():
            chat.rest()
        self._begin.store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def _is_open(chat: Chat) -> bool:
    return chat.conversation.broken is None and not chat.conversation.is_closed


async def _begin(
    relay: str, who: SignIn, *, root: Digest | None, store: DeviceStore, life: Life, means: Means
) -> AgentBeginning:
    http = RelayHttp(base=relay, origin=relay)
    record = _record(store, who)
    pinned = Digest(record.root) if record is not None else root or await _shown_root(http)
    if root not in (None, pinned):
        raise Inconsistent("this device belongs to another root")
    keeper = TrustKeeper(pinned, fetch=http.trust_bundle, now=means.clock)
    await _believe(keeper, store)
    signed_in = await http.sign_in(who.agent, who.password.reveal())
    kept = _AgentRecord(agent=who.agent, root=pinned)
    store.save({RECORD: msgspec.msgpack.encode(kept)})
    key = device.device_key(store, means.entropy)
    keys = AgentKeys(who.agent, who.device, key, store, keeper, means.entropy)
    tickets = [signed_in]

    async def sign_in_again() -> SignedIn:
        return tickets.pop() if tickets else await http.sign_in(who.agent, who.password.reveal())

    life.spawn(keeper.poll())
    return AgentBeginning(
        url=socket_url(relay),
        origin=relay,
        keys=keys,
        store=store,
        keeper=keeper,
        life=life,
        clock=means.clock,
        entropy=means.entropy,
        sign_in=sign_in_again,
    )


async def _believe(keeper: TrustKeeper, store: DeviceStore) -> None:
    kept = store.load(trust_keeper.RECORD)
    if kept is not None:
        keeper.remember(parse_believed(kept))
    keeper.keep = lambda believed: store.save({trust_keeper.RECORD: believed.to_bytes()})
    if kept is None:
        await keeper.fetch()


async def _shown_root(http: RelayHttp) -> Digest:
    return parse_bundle(await http.trust_bundle()).root_envelopes()[0].digest


def _record(store: DeviceStore, who: SignIn) -> _AgentRecord | None:
    octets = store.load(RECORD)
    if octets is None:
        return None
    try:
        record = msgspec.msgpack.decode(octets, type=_AgentRecord)
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None
    if record.agent != who.agent:
        raise Inconsistent("the device of another agent")
    return record
