"""The customer's end of a running conversation: opening it at the relay, judging who is proposed, and what arrives."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace as with_fields

from sotto_client import device, keeping_open, opening, questions, trust_keeper
from sotto_client.chat import Chat
from sotto_client.connection import LinkLost
from sotto_client.conversation import Situation
from sotto_client.decisions import Decisions
from sotto_client.incidents import Incidents
from sotto_client.keeping_open import KeepingOpen, counts_until
from sotto_client.letting_in import judge_answerer
from sotto_client.link import Link
from sotto_client.next_group import gone_on, make_next_group, may_continue
from sotto_client.own_commits import Grounds, Plan
from sotto_client.policy_news import PolicyNews
from sotto_client.questions import judge_question
from sotto_client.world import World
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.secret import SecretSigningKey
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.trust_chain import Freshness
from sotto_keys.shared.untrusted import Lapsed, Untrusted
from sotto_wire.claims import DecisionClaims
from sotto_wire.codec import decode_claims
from sotto_wire.frames import (
    Complained,
    ConversationChanged,
    CustomerAsked,
    Delivered,
    Envelope,
    IncidentNotice,
    LeaveMessage,
    OnCall,
    OpenConversation,
    Opened,
    Proposal,
    RequestChanged,
    TrustUpdate,
    WhoIsHere,
)
from sotto_wire.ids import Digest, Millis
from sotto_wire.refusals import NotOffered, Refused
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_client.beginning import Beginning
    from sotto_client.conversation import Conversation
    from sotto_client.opening import CustomerRecord
    from sotto_client.session import Identity
    from sotto_wire.frames import FromRelay, Welcomed

RECORDS: Final = (opening.RECORD, device.RECORD, trust_keeper.RECORD, questions.RECORD, keeping_open.RECORD)
"""What leaves the device with the conversation."""
NO_MORE_GROUPS: Final = "no_more_groups"
"""`problem` of a conversation that cannot go on in a next group: begin a new one."""


class CustomerLine:
    """Listens to the link, and plans the Add of whom the relay proposes and the customer's decision covers."""

    def __init__(self, begin: Beginning, record: CustomerRecord, conversation: Conversation) -> None:
        self._begin, self.record = begin, record
        self._offset = 0
        self._offer: Proposal | None = None
        self._on_call: list[bytes] = []
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
        self.decisions = Decisions(
            begin.store, key=begin.key, chat=self.chat, link=self.link, now=self.relay_now, entropy=begin.entropy
        )
        self.longer = KeepingOpen(
            begin.store,
            key=begin.key,
            chat=self.chat,
            keeper=begin.keeper,
            policy=begin.policy,
            now=self.relay_now,
            entropy=begin.entropy,
        )
        self.news = PolicyNews(begin.policy)
        self.incidents = Incidents(begin.keeper, now=self.relay_now)
        begin.keeper.changed = self.chat.look_again

    @property
    def key(self) -> SecretSigningKey:
        """The customer key of the group that runs."""
        return self._begin.key

    def relay_now(self) -> Millis:
        """Our clock, set by what the relay says in `welcomed`."""
        return Millis(self._begin.clock() + self._offset)

    @property
    def situation(self) -> Situation:
        """Who the customer is, and what is believed, now."""
        begin = self._begin
        return Situation(me=begin.key.public, trust=begin.keeper.state, now=self.relay_now(), entropy=begin.entropy)

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
            await self.decisions.tell()

    async def frame(self, frame: FromRelay) -> None:  # noqa: C901 - a table of frames
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
            case CustomerAsked() | RequestChanged() if frame.conversation == self.record.conversation:
                await self._heard_of(frame)
            case IncidentNotice(conversation=conversation, notice=notice) if conversation == self.record.conversation:
                await self._told(notice)
            case WhoIsHere(conversation=conversation, desk=desk) if conversation == self.record.conversation:
                self.desk_is_here = desk == "here"
                self._begin.life.changed()
            case Complained(conversation=conversation, group=group, device=device):
                await self._complained(conversation, group, device=device)
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
        if self._offer is not None:
            return await self._add(self._offer.key_package, conversation, situation, on_call=False)
        while self._on_call and conversation.stage not in (Stage.ACTIVE, Stage.CLOSED):
            plan = await self._add(self._on_call[0], conversation, situation, on_call=True)
            if plan is not None:
                return plan
        terms = Digest(conversation.terms.policy_digest)
        ended = await self.news.look(terms, situation.trust, now=situation.now)
        self.decisions.end(lambda decided: decided.purpose in ended)
        return self.decisions.plan(conversation, situation) or self.longer.plan(conversation, situation)

    async def _add(
        self, key_package: bytes, conversation: Conversation, situation: Situation, *, on_call: bool
    ) -> Plan | None:
        try:
            package = parse_key_package(key_package)
            if conversation.member.group.find(package.leaf.signature_key) is not None:
                self._settle(on_call=on_call)
                return None
            await judge_answerer(package, conversation, situation, keeper=self._begin.keeper, on_call=on_call)
        except (Refused, Untrusted) as error:
            self._settle(on_call=on_call)
            self.chat.problem = str(error.code)
            self._begin.life.changed()
            return None
        self.chat.problem = None  # who was kept out is no longer the problem once somebody else passes
        start = self.longer.newest(conversation) or self.record.start
        # Who is let in for good makes those on call superfluous.
        gone = () if on_call else conversation.others_on_call(self._begin.key.public, situation.trust)
        grounds = Grounds(relies_on=digest_of(start.claims), decision=start)
        return Plan(add=(package,), remove=gone, grounds=grounds, on_call=on_call)

    def failed(self, plan: Plan, code: str) -> None:  # noqa: ARG002 - see Planner
        if plan.standing is None:
            self._settle(on_call=plan.on_call)
        elif plan.grounds is not None and not plan.add:
            self.longer.failed(plan)
        else:
            self.decisions.give_up()

    def taken(self, receipt: bytes) -> None:
        self.decisions.receipted(receipt)
        self.longer.receipted(receipt)

    def _settle(self, *, on_call: bool) -> None:
        if on_call:
            self._on_call = self._on_call[1:]
        else:
            self._offer = None

    async def keep_open(self) -> None:
        """Another day from now, under the words of the policy."""
        await self.longer.decide(decode_claims(self.record.start.claims, DecisionClaims).purpose)

    async def leave_message(self) -> None:
        """Ask who is on call and let them in, one after the other; what is said is encrypted after that."""
        name = self.record.conversation
        answer = await self.link.ask(lambda ref: LeaveMessage(ref=ref, conversation=name))
        assert isinstance(answer, OnCall), "the relay answers so"
        self.chat.card(answer.card)
        self._on_call = list(answer.key_packages)
        self.chat.look_again()

    async def stuck(self, conversation: Conversation) -> None:
        """Go on in the next group: new key, new keys for everybody, the same conversation. Nobody is asked to do anything."""
        begin, record, now = self._begin, self.record, self.relay_now()
        until = counts_until(record.start, self.longer.all)
        if not may_continue(record, until=until, now=now):
            self.chat.problem = NO_MORE_GROUPS
            begin.life.changed()
            return
        key = SecretSigningKey(begin.entropy(device.SEED_BYTES))
        epoch = conversation.member.epoch
        made = make_next_group(
            begin.page, record, epoch=epoch, until=until, old=begin.key, new=key, now=now, entropy=begin.entropy
        )
        after = gone_on(made.conversation, conversation, by=begin.key.public, at=now)
        rows = {opening.RECORD: made.record.to_bytes(), device.RECORD: key.reveal_seed()}
        self.chat.goes_on(after, me=key.public, **rows)
        self._begin, self.record = replace(begin, key=key), made.record
        self.decisions.rekeyed(key)
        self.longer.rekeyed(key)
        self._offer, self._on_call = None, []
        await self.link.renew()

    async def _complained(self, conversation: bytes, group: int, *, device: bytes) -> None:
        """T22: a member cannot follow; who is not, or no longer, in the group is not heard."""
        now = self.chat.conversation
        is_ours = (conversation, group) == (now.id, now.group)
        if is_ours and not now.is_over and now.member.group.find(device) is not None:
            await self.stuck(now)

    # inside

    async def _heard_of(self, frame: CustomerAsked | RequestChanged) -> None:
        """A question; or that a policy ended an answer: believed, for whoever is not told has a conversation that stands still."""
        if isinstance(frame, CustomerAsked):
            await self._asked(frame)
        elif frame.standing == "invalidated":
            self.decisions.end(lambda decided: decided.request == frame.request)

    async def _asked(self, frame: CustomerAsked) -> None:
        """A question is judged here before the program sees it; what does not hold is a problem and no question."""
        begin, chat = self._begin, self.chat
        if self.decisions.knows(frame):
            await self.decisions.tell()
            return
        try:
            await begin.keeper.refresh()
            if begin.keeper.freshness() is not Freshness.FRESH:
                raise Lapsed("trust")
            terms = Digest(chat.conversation.terms.policy_digest)
            policy = await begin.policy(terms.hex())
            ended = await self.news.look(terms, begin.keeper.state, now=self.relay_now())
            if not self.news.is_known:
                raise NotOffered("the policy in force could not be compared")
            question = judge_question(
                frame,
                chat.conversation,
                policy=policy,
                trust=begin.keeper.state,
                now=self.relay_now(),
                answered=self.decisions.all,
                ended=ended,
            )
        except (Refused, Untrusted) as error:
            chat.problem = str(error.code)
            begin.life.changed()
            return
        answer = begin.decide(question)
        if answer is not None:
            await self.decisions.answer(question, answer)

    async def _told(self, notice: bytes) -> None:
        """A notice is judged here before the program sees it; what does not hold is a problem and no notice."""
        try:
            await self.incidents.take(
                notice, opened_at=self.chat.conversation.opened_at, has_gone_on=len(self.record.chain) > 0
            )
        except Untrusted as error:
            self.chat.problem = str(error.code)
        self._begin.life.changed()

    async def _open(self, group_info: bytes) -> None:
        record = self.record
        try:
            answer = await self.link.insist(
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
            self._over()
            self._begin.life.end(refused)
            return
        if isinstance(answer, Opened):
            self.record = with_fields(record, group_info=None, receipt=answer.receipt, ahead=answer.ahead)
            self._begin.store.save({opening.RECORD: self.record.to_bytes()})
            self._begin.life.changed()
            self.chat.began(answer.card)
            await self.chat.resume(answer.card)

    def _over(self) -> None:
        """Closed: the program keeps what it was shown, the device keeps nothing."""
        self.chat.over()
        self._begin.store.save(dict.fromkeys(RECORDS))
