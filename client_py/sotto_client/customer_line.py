"""The customer's end of a running conversation: opening it at the relay, judging who is proposed, and what arrives."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sotto_client import device, opening, trust_keeper
from sotto_client.chat import Chat
from sotto_client.connection import LinkLost
from sotto_client.letting_in import judge_answerer
from sotto_client.link import Link
from sotto_client.own_commits import Grounds, Plan
from sotto_client.world import AGAIN, RETRY_MS, World
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.frames import (
    ConversationChanged,
    Delivered,
    Envelope,
    OpenConversation,
    Opened,
    Proposal,
    TrustUpdate,
    WhoIsHere,
)
from sotto_wire.ids import Millis
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.conversation import Conversation, Situation
    from sotto_client.life import Life
    from sotto_client.opening import CustomerRecord, Page
    from sotto_client.session import Identity
    from sotto_client.store import DeviceStore
    from sotto_client.trust_keeper import TrustKeeper
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_wire.frames import FromRelay, Welcomed

RECORDS: Final = (opening.RECORD, device.RECORD, trust_keeper.RECORD)
"""What leaves the device with the conversation."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """All that a customer's conversation runs on; everything in it is on disk."""

    url: str
    page: Page
    key: SecretSigningKey
    store: DeviceStore
    keeper: TrustKeeper
    life: Life
    clock: Callable[[], Millis]
    entropy: Callable[[int], bytes]


class CustomerLine:
    """Listens to the link, and plans the Add of whom the relay proposes and the customer's decision covers."""

    def __init__(self, begin: Beginning, record: CustomerRecord, conversation: Conversation) -> None:
        self._begin, self.record = begin, record
        self._offset = 0
        self._offer: Proposal | None = None
        self.desk_is_here: bool | None = None
        """Whether anybody of the desk is connected; not known before the relay has said so."""
        self.link = Link(begin.url, self, entropy=begin.entropy)
        world = World(
            me=begin.key.public,
            link=self.link,
            store=begin.store,
            keeper=begin.keeper,
            life=begin.life,
            relay_now=self.relay_now,
            entropy=begin.entropy,
        )
        self.chat = Chat(conversation, world, planner=self)
        begin.keeper.changed = self.chat.look_again

    def relay_now(self) -> Millis:
        """Our clock, set by what the relay says in `welcomed`."""
        return Millis(self._begin.clock() + self._offset)

    # the link's listener

    async def identify(self) -> Identity:
        page = self._begin.page
        return device.identity_of(self._begin.key, role="customer", site=page.site, origin=page.origin)

    async def welcomed(self, frame: Welcomed) -> None:
        self._offset = frame.server_time - self._begin.clock()
        # Who was revoked while the line was down must not get what is sent now.
        self._begin.life.spawn(self._begin.keeper.refresh(force=True))
        if self.record.group_info is not None:
            await self._open(self.record.group_info)
            return
        card = next((each for each in frame.conversations if each.conversation == self.record.conversation), None)
        if card is None:
            self._over()
        else:
            await self.chat.resume(card)

    async def frame(self, frame: FromRelay) -> None:
        match frame:
            case Envelope(conversation=conversation) if conversation == self.record.conversation:
                await self.chat.take_envelope(frame)
            case Delivered(conversation=conversation, seq=seq) if conversation == self.record.conversation:
                self.chat.delivered(seq)
            case ConversationChanged(card=card) if card.conversation == self.record.conversation:
                self.chat.card(card)
                if self.chat.conversation.is_closed:
                    self._over()
            case Proposal(conversation=conversation) if conversation == self.record.conversation:
                self._offer = frame
                self.chat.look_again()
            case WhoIsHere(conversation=conversation, desk=desk) if conversation == self.record.conversation:
                self.desk_is_here = desk == "here"
                self._begin.life.changed()
            case TrustUpdate(bundle=bundle):
                with suppress(Untrusted):  # the keeper remembers why, and what was believed before stays
                    self._begin.keeper.take(bundle)
            case _:
                return

    async def refused(self, refusal: Refused) -> bool:  # noqa: ARG002 - see Listener
        return False

    # the chat's planner

    async def plan(self, conversation: Conversation, situation: Situation) -> Plan | None:
        """The Add of the proposed device, once everything about it was checked here."""
        offer = self._offer
        if offer is None:
            return None
        try:
            package = parse_key_package(offer.key_package)
            if conversation.member.group.find(package.leaf.signature_key) is not None:
                self._offer = None
                return None
            await judge_answerer(package, conversation, situation, keeper=self._begin.keeper)
        except (Refused, Untrusted) as error:
            self._offer = None
            self.chat.problem = str(error.code)
            self._begin.life.changed()
            return None
        self.chat.problem = None  # who was kept out is no longer the problem once somebody else passes
        start = self.record.start
        return Plan(add=(package,), grounds=Grounds(relies_on=digest_of(start.claims), decision=start))

    def failed(self, plan: Plan, code: str) -> None:  # noqa: ARG002 - see Planner
        self._offer = None

    # inside

    async def _open(self, group_info: bytes) -> None:
        record = self.record
        while True:
            try:
                answer = await self.link.ask(
                    lambda ref: OpenConversation(
                        ref=ref,
                        conversation=record.conversation,
                        group_info=group_info,
                        start=record.start,
                    )
                )
            except LinkLost:
                return
            except Refused as refused:
                if refused.code in AGAIN:
                    await asyncio.sleep((refused.retry_after_ms or RETRY_MS) / 1000)
                    continue
                self._over()
                self._begin.life.end(refused)
                return
            if isinstance(answer, Opened):
                self.record = replace(record, group_info=None, receipt=answer.receipt, ahead=answer.ahead)
                self._begin.store.save({opening.RECORD: self.record.to_bytes()})
                self._begin.life.changed()
                await self.chat.resume(answer.card)
            return

    def _over(self) -> None:
        """Closed: the program keeps what it was shown, the device keeps nothing."""
        self.chat.over()
        self._begin.store.save(dict.fromkeys(RECORDS))
