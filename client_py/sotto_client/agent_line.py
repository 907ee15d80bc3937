"""The agent's end of the link: device, queues, and the conversations this device is in."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_client import device
from sotto_client.chat import Chat
from sotto_client.connection import LinkLost
from sotto_client.joining import enter
from sotto_client.link import Ended, Link
from sotto_client.receiving import REMOVED
from sotto_client.stored_conversation import erasing_rows, load_conversation, rows_of, stored_conversations
from sotto_client.world import World
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.codes import Close
from sotto_wire.frames import (
    Acknowledge,
    ConversationChanged,
    Delivered,
    DeviceChanged,
    Envelope,
    Follow,
    Queue,
    RequestChanged,
    TrustUpdate,
    WatchQueue,
    WhoIsHere,
)
from sotto_wire.ids import ConversationId, Millis
from sotto_wire.refusals import NotSignedIn, Refused, WrongStage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sotto_client.agent_keys import AgentKeys
    from sotto_client.life import Life
    from sotto_client.relay_http import SignedIn
    from sotto_client.session import Identity
    from sotto_client.store import DeviceStore
    from sotto_client.trust_keeper import TrustKeeper
    from sotto_wire.frames import ConversationCard, FromRelay, Welcomed

CONSOLE: Final = "console"


@dataclass(frozen=True, slots=True)
class AgentBeginning:
    """All that an agent's line runs on."""

    url: str
    origin: str
    keys: AgentKeys
    store: DeviceStore
    keeper: TrustKeeper
    life: Life
    clock: Callable[[], Millis]
    entropy: Callable[[int], bytes]
    sign_in: Callable[[], Awaitable[SignedIn]]


class AgentLine:
    """Listens to the link. Conversations are in `chats` from the moment we were let in and judged it lawful."""

    def __init__(self, begin: AgentBeginning) -> None:
        self._begin = begin
        self._offset = 0
        self._held = 0
        self._session: SignedIn | None = None
        self._has_retried = False
        self._proposed: dict[ConversationId, ConversationCard] = {}
        self._refusals: dict[ConversationId, Refused | Untrusted] = {}
        self._invited: list[ConversationId] = []
        self.queues: dict[str, Queue] = {}
        self.questions: dict[bytes, RequestChanged] = {}
        self.chats: dict[ConversationId, Chat] = {}
        self.away: set[ConversationId] = set()
        """Conversations whose customer's device is not connected, as the relay told last."""
        self.problem: str | None = None
        self.link = Link(begin.url, self, entropy=begin.entropy)
        begin.keeper.changed = self._trust_changed

    def relay_now(self) -> Millis:
        """Our clock, set by what the relay says in `welcomed`."""
        return Millis(self._begin.clock() + self._offset)

    def restore(self) -> None:
        """Go on with the conversations that rest on disk."""
        for name in stored_conversations(self._begin.store):
            conversation = load_conversation(self._begin.store, name)
            if conversation is not None:
                self.chats[name] = Chat(conversation, self._world())

    # the link's listener

    async def identify(self) -> Identity:
        if self._session is None:
            self._session = await self._begin.sign_in()
        token = self._session.session
        return device.identity_of(
            self._begin.keys.key, role="agent", site=CONSOLE, origin=self._begin.origin, session=token
        )

    async def refused(self, refusal: Refused) -> bool:
        """A sign-in ends after a working day: sign in again, once; a second refusal is final."""
        is_signed_out = isinstance(refusal, NotSignedIn) or (
            isinstance(refusal, Ended) and refusal.close_code == Close.NOT_SIGNED_IN
        )
        if not is_signed_out or self._has_retried:
            return False
        self._session, self._has_retried = None, True
        return True

    async def welcomed(self, frame: Welcomed) -> None:
        self._offset, self._held, self._has_retried = frame.server_time - self._begin.clock(), frame.key_packages, False
        self._begin.keys.changed(frame.device_state, frame.credential)
        live = {ConversationId(card.conversation): card for card in frame.conversations}
        for name, chat in list(self.chats.items()):
            if name in live:
                await chat.resume(live[name])
            else:
                self._over(name)
        for name, card in live.items():
            if self._is_to_join(name) and card.stage != "closed":
                await self._try(self.expect(card))
        for desk in frame.agent.desks if frame.agent else []:
            await self._try(self._ask_watch(desk))
        await self._refill()
        self._begin.life.changed()

    async def frame(self, frame: FromRelay) -> None:
        match frame:
            case Envelope():
                await self._take_envelope(frame)
            case Delivered(conversation=name, seq=seq) if name in self.chats:
                self.chats[ConversationId(name)].delivered(seq)
            case ConversationChanged(card=card):
                await self._card(card)
            case RequestChanged(request=request):
                self.questions[request] = frame
            case Queue(desk=desk):
                self.queues[desk] = frame
            case WhoIsHere(conversation=name, customer=customer):
                (self.away.add if customer == "away" else self.away.discard)(ConversationId(name))
            case DeviceChanged(device_state=state, credential=credential):
                self._begin.keys.changed(state, credential)
                await self._refill()
            case TrustUpdate(bundle=bundle):
                with suppress(Untrusted):  # the keeper remembers why, and what was believed before stays
                    self._begin.keeper.take(bundle)
                await self._refill()
            case _:
                return
        self._begin.life.changed()

    # conversations

    async def expect(self, card: ConversationCard) -> None:
        """We took it: its welcome comes as soon as the customer's device has added us."""
        name = ConversationId(card.conversation)
        self._refusals.pop(name, None)
        self._proposed[name] = card
        await self.link.ask(lambda ref: Follow(ref=ref, conversation=card.conversation, after=card.since))

    def joined(self, name: ConversationId) -> Chat | None:
        """The conversation once we are in it, none while that is open. Raises why we shall not be."""
        if name in self._refusals:
            raise self._refusals[name]
        return None if self._is_to_join(name) else self.chats[name]

    def _is_to_join(self, name: ConversationId) -> bool:
        """Not in it, or no longer since a lawful Remove: then a welcome begins another stay."""
        chat = self.chats.get(name)
        return chat is None or chat.conversation.broken == REMOVED

    async def _take_envelope(self, envelope: Envelope) -> None:
        name = ConversationId(envelope.conversation)
        chat, card = self.chats.get(name), self._proposed.get(name)
        if card is not None and envelope.kind == "welcome" and self._is_to_join(name):
            await self._join(envelope, card)
        elif chat is not None:
            await chat.take_envelope(envelope)

    async def _join(self, envelope: Envelope, card: ConversationCard) -> None:
        begin, name = self._begin, ConversationId(envelope.conversation)
        await begin.keeper.refresh()
        try:
            conversation, row = enter(envelope, card, keys=begin.keys)
        except (Refused, Untrusted) as error:
            self.problem = str(error.code)
            self._refuse(name, error)
            return
        earlier = self.chats.get(name)
        left = {} if earlier is None else erasing_rows(earlier.conversation)
        # One transaction: a key package that is gone without its group could never be joined with again.
        begin.store.save({**left, **rows_of(conversation, before=None), row: None})
        del self._proposed[name]
        self.chats[name] = chat = Chat(conversation, self._world())
        chat.joined()
        await self.link.tell(Acknowledge(conversation=name, seq=envelope.seq))
        self._held -= 1
        await self._refill()

    def next_invitation(self) -> Chat | None:
        """A conversation that we were let in to without having taken it; each once."""
        joined = next((each for each in self._invited if not self._is_to_join(each)), None)
        if joined is None:
            return None
        self._invited.remove(joined)
        return self.chats[joined]

    async def _card(self, card: ConversationCard) -> None:
        name = ConversationId(card.conversation)
        chat = self.chats.get(name)
        if card.stage == "active" and self._is_to_join(name) and name not in self._proposed:
            # By a decision for this one device: nothing was taken here, the customer's device added us.
            self._invited.append(name)
            await self._try(self.expect(card))
        if chat is not None:
            chat.card(card)
        if name in self._proposed and card.stage == "closed":
            self._refuse(name, WrongStage("closed before we were let in"))

    def _refuse(self, name: ConversationId, error: Refused | Untrusted) -> None:
        del self._proposed[name]
        self._refusals[name] = error

    def _over(self, name: ConversationId) -> None:
        chat = self.chats[name]
        chat.over()
        self._begin.store.save(erasing_rows(chat.conversation))

    def _world(self) -> World:
        begin = self._begin
        return World(
            me=begin.keys.key.public,
            link=self.link,
            store=begin.store,
            keeper=begin.keeper,
            life=begin.life,
            relay_now=self.relay_now,
            entropy=begin.entropy,
        )

    # device and trust

    def _trust_changed(self) -> None:
        self._begin.life.changed()
        for chat in self.chats.values():
            chat.look_again()

    async def _try(self, asking: Awaitable[None]) -> None:
        """What is refused while the line comes back is a problem to show, not the end of the line."""
        try:
            await asking
        except LinkLost:
            raise
        except Refused as refused:
            self.problem = refused.code

    async def _ask_watch(self, desk: str) -> None:
        await self.link.ask(lambda ref: WatchQueue(ref=ref, desk=desk))

    async def _refill(self) -> None:
        keys = self._begin.keys
        try:
            self._held = await keys.refill(self.link, held=self._held, now=self.relay_now())
        except LinkLost:
            return
        except Refused as refused:
            self.problem = refused.code
