"""The agent's end of the link: device, queues, and the conversations this device is in."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sotto_client import device
from sotto_client.answering import Answering
from sotto_client.chat import Chat
from sotto_client.connection import LinkLost
from sotto_client.handing_over import AtDesk, HandingOver
from sotto_client.handovers import Handovers
from sotto_client.invitations import Invitations
from sotto_client.joining import enter
from sotto_client.link import Ended, Link
from sotto_client.next_group import gone_on
from sotto_client.receiving import REMOVED
from sotto_client.stored_conversation import (
    erasing_rows,
    forgetting_rows,
    load_conversation,
    rows_of,
    stored_conversations,
)
from sotto_client.world import World
from sotto_keys.shared.untrusted import Malformed, Untrusted
from sotto_wire.codes import Close
from sotto_wire.frames import (
    Acknowledge,
    Complain,
    ConversationChanged,
    Delivered,
    DeviceChanged,
    Envelope,
    Follow,
    Handoffs,
    Proposal,
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
    from sotto_client.conversation import Conversation
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


class AgentLine(Handovers, Invitations):
    """Listens to the link. Conversations are in `chats` from the moment we were let in and judged it lawful."""

    def __init__(self, begin: AgentBeginning) -> None:
        super().__init__()
        self._begin = begin
        self._offset = 0
        self._session: SignedIn | None = None
        self._has_retried = False
        self._proposed: dict[ConversationId, ConversationCard] = {}
        self._refusals: dict[ConversationId, Refused | Untrusted] = {}
        self.handing: dict[ConversationId, HandingOver] = {}
        self._following: set[ConversationId] = set()
        self.handoffs = Handoffs(given=[], offered=[])
        self.queues: dict[str, Queue] = {}
        self.chats: dict[ConversationId, Chat] = {}
        self._answering: dict[ConversationId, Answering] = {}
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
        store = self._begin.store
        for name in stored_conversations(store):
            try:
                conversation = load_conversation(store, name)
            except Malformed:
                store.save(forgetting_rows(store, name))
                continue
            if conversation is not None:
                self.chats[name] = self._chat(conversation)

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
        self._offset, self._has_retried = frame.server_time - self._begin.clock(), False
        self._begin.keys.holds(single_use=frame.key_packages, last_resort_until=frame.last_resort_until)
        # Who was revoked while the line was down must not get what is sent now.
        self._begin.life.spawn(self._begin.keeper.refresh(force=True))
        self._begin.keys.changed(frame.device_state, frame.credential)
        live = {ConversationId(card.conversation): card for card in frame.conversations}
        for name, chat in list(self.chats.items()):
            if name in live:
                await chat.resume(live[name])
                self._behind(live[name])
            else:
                self._over(name)
        for name, card in live.items():
            if card.stage == "closed" or not self._is_stranger(name):
                continue
            # Acknowledged, and nothing of it is left here: its state is lost.
            is_lost = card.stage == "active" and card.acked > card.since
            await self._try(self._complain(card) if is_lost else self.expect(card))
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
            case DeviceChanged():
                self._begin.keys.changed(frame.device_state, frame.credential)
                self._begin.keys.holds(single_use=frame.key_packages, last_resort_until=frame.last_resort_until)
                await self._refill()
            case TrustUpdate(bundle=bundle):
                with suppress(Untrusted):  # the keeper remembers why, and what was believed before stays
                    self._begin.keeper.take(bundle)
                await self._refill()
            case Proposal() | Handoffs():
                await self._hear_of_handing(frame)
            case _:
                return
        self._begin.life.changed()

    # conversations

    async def expect(self, card: ConversationCard) -> None:
        """We took it: its welcome comes as soon as the customer's device has added us."""
        name = ConversationId(card.conversation)
        self._refusals.pop(name, None)
        self._proposed[name] = card
        self._following.discard(name)
        await self.link.insist(lambda ref: Follow(ref=ref, conversation=card.conversation, after=card.since))
        self._following.add(name)

    def joined(self, name: ConversationId) -> Chat | None:
        """The conversation once we are in it, none while that is open. Raises why we shall not be."""
        if name in self._refusals:
            raise self._refusals[name]
        return None if self._is_to_join(name) else self.chats[name]

    def _is_to_join(self, name: ConversationId) -> bool:
        """A welcome takes us in: we are not in it, or its group went on without us."""
        return self._is_stranger(name) or self.chats[name].conversation.is_left_behind

    def _is_stranger(self, name: ConversationId) -> bool:
        """Not in it, or no longer since a lawful Remove: then a welcome begins another stay."""
        chat = self.chats.get(name)
        return chat is None or chat.conversation.broken == REMOVED

    def _behind(self, card: ConversationCard) -> None:
        """Its next group is open and lets us in without our asking."""
        name = ConversationId(card.conversation)
        chat = self.chats.get(name)
        if chat is not None and card.stage != "closed" and card.group > chat.conversation.group:
            self._proposed[name] = card

    async def _complain(self, card: ConversationCard) -> None:
        """The customer's device opens the next group, and the relay offers us there again."""
        self._proposed[ConversationId(card.conversation)] = card
        await self.link.insist(
            lambda ref: Complain(ref=ref, conversation=card.conversation, group=card.group, epoch=card.epoch)
        )
        await self.link.insist(lambda ref: Follow(ref=ref, conversation=card.conversation, after=card.acked))

    async def _take_envelope(self, envelope: Envelope) -> None:
        name = ConversationId(envelope.conversation)
        chat, card = self.chats.get(name), self._proposed.get(name)
        if card is not None and envelope.kind == "welcome" and self._is_to_join(name):
            await self._join(envelope, card)
        elif chat is not None:
            await chat.take_envelope(envelope)
            if chat.conversation.broken == REMOVED:
                # Who may read no further keeps nothing of it on disk either.
                chat.erase()

    async def _join(self, envelope: Envelope, card: ConversationCard) -> None:
        begin, name = self._begin, ConversationId(envelope.conversation)
        await begin.keeper.refresh()
        earlier = self.chats.get(name)
        try:
            known = None if earlier is None else earlier.conversation.terms
            conversation, row = enter(envelope, card, keys=begin.keys, earlier=known)
        except (Refused, Untrusted) as error:
            self.problem = str(error.code)
            self._refuse(name, error)
            if earlier is not None:
                earlier.cannot_join(str(error.code))
            return
        del self._proposed[name]
        self._enter(conversation, row, earlier=earlier)
        await self.link.tell(Acknowledge(conversation=name, seq=envelope.seq))
        await self._refill()

    def _enter(self, conversation: Conversation, row: str, *, earlier: Chat | None) -> None:
        """In one transaction with the key package: one that is gone without its group could never be joined with again."""
        begin, name = self._begin, conversation.id
        spent: dict[str, bytes | None] = dict.fromkeys(begin.keys.used(row))
        if earlier is not None and earlier.conversation.is_left_behind:
            me = begin.keys.key.public
            after = gone_on(conversation, earlier.conversation, by=me, at=self.relay_now())
            earlier.goes_on(after, me=me, **spent)
            earlier.joined()
            return
        left = {} if earlier is None else erasing_rows(earlier.conversation)
        begin.store.save({**left, **rows_of(conversation, before=None), **spent})
        self.chats[name] = chat = self._chat(conversation)
        chat.joined()

    async def _card(self, card: ConversationCard) -> None:
        name = ConversationId(card.conversation)
        chat = self.chats.get(name)
        await self._hear_of_invitation(card)
        if chat is not None:
            self._behind(card)
            chat.card(card)
        if name in self._proposed and card.stage == "closed":
            self._refuse(name, WrongStage("closed before we were let in"))
        # A message was left while this device was on call and is here after all.
        if card.stage == "left" and name not in self.chats.keys() | self._proposed:
            await self._try(self.expect(card))

    def _refuse(self, name: ConversationId, error: Refused | Untrusted) -> None:
        self._proposed.pop(name, None)
        self._refusals[name] = error

    def _over(self, name: ConversationId) -> None:
        chat = self.chats[name]
        chat.over()
        self._begin.store.save(erasing_rows(chat.conversation))

    def _chat(self, conversation: Conversation) -> Chat:
        name = conversation.id
        self._answering[name] = answering = Answering(self._begin.keys.key.public)
        self.handing[name] = handing = HandingOver(self._begin.keeper, later=partial(self._look_later, name))
        return Chat(conversation, self._world(), planner=AtDesk(answering, handing))

    def answer(self, name: ConversationId) -> Chat:
        """Somebody has read what was left there."""
        self._answering[name].is_wanted = True
        self.chats[name].look_again()
        return self.chats[name]

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
        await self.link.insist(lambda ref: WatchQueue(ref=ref, desk=desk))

    async def _refill(self) -> None:
        keys = self._begin.keys
        try:
            await keys.refill(self.link, now=self.relay_now())
        except LinkLost:
            return
        except Refused as refused:
            self.problem = refused.code
