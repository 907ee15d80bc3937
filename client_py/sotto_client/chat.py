"""One running conversation of either end: takes the relay's frames in order, saves before it answers, and sends what waits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sotto_client.asking import committing, complaining, may_send, posting, sending_away
from sotto_client.carding import carded, compared
from sotto_client.connection import LinkLost
from sotto_client.conversation import STUCK, Situation
from sotto_client.entries import Closed, Message
from sotto_client.handing_over import is_changing_keys
from sotto_client.outbox import asked, not_sent, pieces_of, seal_head, settle_own, stale, written
from sotto_client.own_commits import Plan, with_commit
from sotto_client.receiving import receive, trust_cited
from sotto_client.stored_conversation import erasing_rows, rows_of
from sotto_client.world import AGAIN, RETRY_MS, NoPlans, Planner, World
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.codes import Code
from sotto_wire.frames import Acknowledge, CloseConversation, Committed, Follow, Posted
from sotto_wire.refusals import Refused, WrongStage
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sotto_client.conversation import Conversation
    from sotto_keys.shared.mls.sweep import Reader
    from sotto_wire.frames import ConversationCard, Envelope
    from sotto_wire.ids import DeviceKey, Millis

DRAIN_S: Final = 2.0


class Chat:
    """Begins with a conversation that is on disk; every change is there before anything of it leaves the device."""

    def __init__(self, conversation: Conversation, world: World, *, planner: Planner | None = None) -> None:
        self._conversation, self._world, self._planner = conversation, world, planner or NoPlans()
        self._saved = conversation
        self._is_resumed = self._is_erased = self._is_draining = self._has_complained = False
        self._planned: Plan | None = None
        self._submitted: bytes | None = None
        self._wake = asyncio.Event()
        self.problem: str | None = None
        """Code of the last thing that was refused for good, or none."""
        world.life.spawn(self._work())

    @property
    def conversation(self) -> Conversation:
        """As it stands now; the next one is another value."""
        return self._conversation

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Who can read now."""
        return self._conversation.readers(self._world.keeper.state, at=self._at())

    # for the program

    def say(self, text: str) -> None:
        """Kept on disk when it returns; sent when somebody may read it. `WrongStage` when the conversation is over or broken."""
        if self._conversation.is_over:
            raise WrongStage(self._conversation.broken or "closed")
        after = self._conversation
        for piece in pieces_of(text):
            after = written(after, piece, situation=self._situation())
        self._keep(after)
        self._wake.set()

    def answer_resend(self, *, wanted: bool) -> None:
        """Whether what a revoked agent never answered is said again; either way it is asked once."""
        self.changed_by(lambda now: asked(now, wanted=wanted, situation=self._situation()))

    async def received(self) -> AsyncIterator[Message]:
        """Messages of the others, each once, until the conversation is over; waits for the next.

        That a message was handed over is saved with the next change, such as the answer that the program gives with `say`, and when
        the client stops: after a crash in between it comes again.
        """
        while (message := await self._world.life.until(self._next_message)) is not _OVER:
            yield message

    async def until(self, look: Callable[[Conversation], bool]) -> Conversation:
        """The conversation, once `look` is true of it. Raises what ended the client before."""
        return await self._world.life.until(lambda: self._conversation if look(self._conversation) else None)

    async def settled(self) -> None:
        """Wait until the relay has all that was said."""
        await self.until(lambda conversation: not conversation.outbox)

    async def close(self) -> None:
        """End the conversation for everybody. Raises the relay's refusal, or `LinkLost`."""
        await self._world.link.ask(lambda ref: CloseConversation(ref=ref, conversation=self._conversation.id))

    # for the link's listener

    async def take_envelope(self, envelope: Envelope) -> None:
        """The next entry of the relay's order; what was processed already is only acknowledged."""
        if envelope.seq > self._conversation.cursor:
            if trust_cited(envelope) > self._world.keeper.state.trust.version:
                await self._world.keeper.refresh(force=True)
            self._keep(receive(self._conversation, envelope, situation=self._situation()))
        if envelope.seq <= self._conversation.cursor:
            await self._world.link.tell(Acknowledge(conversation=envelope.conversation, seq=envelope.seq))
        self._wake.set()

    def delivered(self, seq: int) -> None:
        """Every other member has stored everything up to `seq`; of our group, so nothing new once the conversation stands in the next."""
        if self._conversation.is_left_behind:
            return
        self._keep(replace(self._conversation, delivered=max(self._conversation.delivered, seq)))

    def card(self, card: ConversationCard) -> None:
        """The conversation moved to another stage. What is closed leaves the disk; this value stays for the program to read."""
        if card.stage == "closed":
            self.over()
            return
        self.changed_by(lambda now: carded(now, card, me=self._world.me))

    async def resume(self, card: ConversationCard) -> None:
        """The socket is back: compare numbers, follow from our cursor, send again what was not answered."""
        self._is_resumed, self._submitted, self._has_complained = False, None, False
        self.card(card)
        self._keep(compared(self._conversation, card))
        after = min(max(self._conversation.cursor, card.since), card.head)
        try:
            await self._world.link.insist(lambda ref: Follow(ref=ref, conversation=card.conversation, after=after))
        except LinkLost:
            return
        except Refused as refused:
            self.problem = refused.code
        if self._conversation.is_closed and card.head > self._conversation.cursor:
            self._is_draining = True
            self._world.life.spawn(self._drain())
        self.joined()

    def goes_on(self, conversation: Conversation, *, me: DeviceKey, **rows: bytes | None) -> None:
        """In the conversation's next group, as `me`; saved together with `rows`. The relay has yet to say how it stands there."""
        self._world.store.save({**rows_of(conversation, before=self._saved), **rows})
        self._conversation = self._saved = conversation
        self._world = replace(self._world, me=me)
        self._is_resumed = self._has_complained = False
        self._planned, self._submitted = None, None
        self.problem = None
        self._world.life.changed()

    def began(self, card: ConversationCard) -> None:
        """The relay has the next group: everything before it was another device's to hear."""
        self._keep(replace(self._conversation, cursor=max(self._conversation.cursor, card.since)))

    def cannot_join(self, code: str) -> None:
        """We were let into a later group that is not ours to believe in."""
        self._keep(replace(self._conversation, broken=code, pending=None))

    def joined(self) -> None:
        """The line delivers it already, from the welcome on."""
        self._is_resumed = True
        self._wake.set()

    def over(self) -> None:
        """The relay no longer knows it: nothing more will come."""
        if not self._conversation.is_closed:
            closed = replace(self._conversation, stage=Stage.CLOSED)
            self._keep(closed.with_entry(Closed(at=self._world.relay_now())))
        self.erase()
        self._wake.set()

    def changed_by(self, change: Callable[[Conversation], Conversation]) -> None:
        """What the customer decided changes the conversation: on disk before anything else happens in it."""
        self._keep(change(self._conversation))
        self._wake.set()

    def look_again(self) -> None:
        """Trust, or what the planner looks at, has changed."""
        self._world.life.changed()
        self._wake.set()

    def rest(self) -> None:
        """Save also what was only handed over: the program ends in order."""
        if self._conversation is not self._saved and not self._is_erased:
            self._world.store.save(rows_of(self._conversation, before=self._saved))
            self._saved = self._conversation

    def erase(self) -> None:
        """Nothing of it stays on this device's disk."""
        self._is_erased = True
        self._world.store.save(erasing_rows(self._conversation))

    # inside

    def _keep(self, after: Conversation) -> None:
        if after is self._conversation:
            return
        if not self._is_erased:
            self._world.store.save(rows_of(after, before=self._saved))
        self._conversation = self._saved = after
        self._world.life.changed()

    def _situation(self) -> Situation:
        world = self._world
        return Situation(me=world.me, trust=world.keeper.state, now=world.relay_now(), entropy=world.entropy)

    def _at(self) -> Millis:
        return self._world.keeper.state.effective_time(self._world.relay_now())

    def _next_message(self) -> Message | None:
        conversation = self._conversation
        for index in range(conversation.shown, len(conversation.entries)):
            entry = conversation.entries[index]
            if isinstance(entry, Message) and not entry.is_mine:
                self._conversation = replace(conversation, shown=index + 1)
                return entry
        return _OVER if conversation.is_over and not self._is_draining else None

    async def _drain(self) -> None:
        """It closed while we were away: what was said before still comes, and nothing says which is the last."""
        await asyncio.sleep(DRAIN_S)
        self._is_draining = False
        self._world.life.changed()

    async def _work(self) -> None:
        """The one task that commits and posts, one thing after the other."""
        while not self._conversation.is_closed:
            await self._wake.wait()
            self._wake.clear()
            while await self._step():
                pass

    async def _step(self) -> bool:
        """The next thing to do; false when there is none now."""
        conversation = self._conversation
        is_idle = not (self._is_resumed and self._world.link.is_online)
        if is_idle or conversation.is_over:
            return False
        try:
            if conversation.is_left_behind:
                return await self._left_behind(conversation)
            if conversation.pending is not None:
                return await self._submit(conversation)
            wanted = await self._wanted(conversation)
            return await self._post() if wanted is None else self._commit(wanted)
        except LinkLost:
            return False

    async def _left_behind(self, conversation: Conversation) -> bool:
        """Say, once a socket, that we cannot follow; the customer's device does something about it."""
        if conversation.broken != STUCK or self._has_complained:
            return False
        self._has_complained = True
        if conversation.terms.customer_key == self._world.me:
            await self._planner.stuck(conversation)
            return False
        with suppress(Refused):
            await self._world.link.ask(complaining(conversation))
        return False

    async def _wanted(self, conversation: Conversation) -> Plan | None:
        if conversation.is_old and not is_changing_keys(conversation, me=self._world.me):
            return Plan()  # in an open handoff of ours only its end may be committed: a new path as well
        gone = sending_away(conversation, self._world, at=self._at())
        return gone or await self._planner.plan(conversation, self._situation())

    def _commit(self, plan: Plan) -> bool:
        if self._conversation.pending is None:
            try:
                self._keep(with_commit(self._conversation, plan, situation=self._situation()))
            except (Refused, Untrusted) as error:
                self._plan_failed(plan, error)
                return False
            self._planned = plan
        return True

    def _plan_failed(self, plan: Plan | None, error: Refused | Untrusted) -> None:
        if plan is not None:
            self._planner.failed(plan, str(error.code))
        self._refused(error)

    async def _submit(self, conversation: Conversation) -> bool:
        """Hand in the pending commit, once a socket. It is adopted when it comes back in its place."""
        pending = conversation.pending
        if pending is None or pending.message == self._submitted:
            return False
        try:
            answer = await self._world.link.ask(committing(conversation, pending))
        except LinkLost:
            raise
        except Refused as refused:
            return await self._commit_refused(refused, pending.message)
        self._submitted = pending.message
        if isinstance(answer, Committed) and answer.receipt is not None:
            self._planner.taken(answer.receipt)
        return True

    async def _commit_refused(self, refused: Refused, message: bytes) -> bool:
        if refused.code in {Code.STALE_EPOCH, Code.GROUP_OVER}:
            # Whichever commit won comes in its order and settles ours; to drop ours now could drop the winner.
            self._submitted = message
            return True
        if refused.code in AGAIN:
            await self._pause(refused)
            return True
        pending = self._conversation.pending
        if pending is not None and pending.message == message:
            self._keep(replace(self._conversation, pending=None))
        self._plan_failed(self._planned, refused)
        return False

    async def _post(self) -> bool:
        if not may_send(self._conversation, self._world, at=self._at()):
            return False
        sealed = seal_head(self._conversation, entropy=self._world.entropy)
        if sealed is None:
            return False
        self._keep(sealed)
        head = sealed.outbox[0]
        try:
            answer = await self._world.link.ask(posting(sealed))
        except LinkLost:
            raise
        except Refused as refused:
            return self._conversation.group != sealed.group or await self._post_refused(refused, head.id)
        # In the next group it waits to be said again already.
        if isinstance(answer, Posted) and self._conversation.group == sealed.group:
            self._keep(settle_own(self._conversation, number=head.number, seq=answer.seq))
        return True

    async def _post_refused(self, refused: Refused, name: str) -> bool:
        if refused.code in {Code.STALE_EPOCH, Code.GROUP_OVER}:
            self._keep(stale(self._conversation, name))
        elif refused.code in AGAIN:
            await self._pause(refused)
        else:
            self._keep(not_sent(self._conversation, name))
            self._refused(refused)
        return True

    async def _pause(self, refused: Refused) -> None:
        await asyncio.sleep((refused.retry_after_ms or RETRY_MS) / 1000)

    def _refused(self, error: Refused | Untrusted) -> None:
        self.problem = str(error.code)
        self._world.life.changed()


_OVER: Final = Message(id="", is_mine=True, sender=b"", name="", text="", at=0, standing="sent", seq=0)
"""Stands for the end of what can be received."""
