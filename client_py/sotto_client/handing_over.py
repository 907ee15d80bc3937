"""An agent's device in a handoff, as giver or as newcomer: which commit is wanted when. See docs/protocol.md 4.4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_client.letting_in import judge_answerer
from sotto_client.own_commits import Grounds, Plan
from sotto_keys.shared.mls.group_memory import HANDOFF_MS
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.refusals import CommitNotAllowed, NotAdmitted, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.answering import Answering
    from sotto_client.conversation import Conversation, Situation
    from sotto_client.trust_keeper import TrustKeeper
    from sotto_keys.shared.credential import Credential
    from sotto_wire.frames import HandoffCard, Proposal


def is_changing_keys(conversation: Conversation, *, me: bytes) -> bool:
    """Whether we are one of the two between the Add and the Remove: then nothing of ours is wanted but the end of it."""
    return not conversation.memory.may_write(me)


class HandingOver:
    """The planner of one conversation of an agent. What was asked for is remembered here alone: a restarted device adds nobody."""

    def __init__(self, keeper: TrustKeeper, *, later: Callable[[float], None]) -> None:
        self._keeper, self._later = keeper, later
        self._to: str | None = None
        self._offer: Proposal | None = None
        self._waits_since: int | None = None
        self.is_asked = False
        """Our program wants to hand it over."""
        self.outcome: str | None = None
        """Why nothing came of it: how the offer ended, or the code of what was refused."""

    def ask(self, to: str | None) -> None:
        """Hand over to `to`, or to anyone of the desk."""
        self.is_asked, self._to, self._offer, self.outcome = True, to, None, None

    def forget(self, outcome: str | None) -> None:
        """Nothing comes of it."""
        self.is_asked, self._offer, self.outcome = False, None, outcome

    def offer(self, proposal: Proposal) -> None:
        """Who accepted, says the relay. Nobody is added whom we did not ask for."""
        if self.is_asked:
            self._offer = proposal

    def told(self, card: HandoffCard) -> bool:
        """How our offer stands at the relay; false where we do not remember any."""
        if self.is_asked and card.standing not in ("asked", "accepted"):
            self.forget(card.standing)
        return self.is_asked or self.outcome is not None

    # the chat's planner

    async def plan(self, conversation: Conversation, situation: Situation) -> Plan | None:
        """The Add of who accepted, the newcomer's Remove of the giver, or the giver's of a newcomer that did not come."""
        if is_changing_keys(conversation, me=situation.me):
            self.forget(None)  # done: whatever becomes of the newcomer, it is not added again
            return self._ending(conversation, situation)
        return await self._adding(conversation, situation)

    def failed(self, plan: Plan, code: str) -> None:
        """What ends an open handoff is wanted again when the next commit came; an Add is given up."""
        if plan.add:
            self.forget(code)

    def _ending(self, conversation: Conversation, situation: Situation) -> Plan | None:
        handoff = conversation.memory.handoff
        assert handoff is not None, "keys are changing"
        group = conversation.member.group
        if handoff.newcomer == situation.me:
            return _removing(group.find(handoff.adder))
        left_ms = handoff.opened_at + HANDOFF_MS - situation.now
        if left_ms <= 0:
            return _removing(group.find(handoff.newcomer))
        if self._waits_since != handoff.opened_at:
            self._waits_since = handoff.opened_at
            self._later(left_ms / 1000)
        return None

    async def _adding(self, conversation: Conversation, situation: Situation) -> Plan | None:
        offer, decision = self._offer, conversation.admission
        if offer is None:
            return None
        try:
            package = parse_key_package(offer.key_package)
            if conversation.member.group.find(package.leaf.signature_key) is not None:
                self.forget(None)
                return None
            credential = await judge_answerer(package, conversation, situation, keeper=self._keeper)
            self._check(credential)
            if decision is None:
                raise NotAdmitted("nothing says that we may let anybody in")
        except (Refused, Untrusted) as error:
            self.forget(str(error.code))
            return None
        return Plan(add=(package,), grounds=Grounds(relies_on=None, decision=decision))

    def _check(self, credential: Credential) -> None:
        if self._to is not None and credential.person != self._to:
            raise CommitNotAllowed("another colleague than the one we asked")


class AtDesk:
    """The planner of one conversation of an agent: what was left for it, and what is handed over."""

    def __init__(self, answering: Answering, handing: HandingOver) -> None:
        self._answering, self._handing = answering, handing

    async def plan(self, conversation: Conversation, situation: Situation) -> Plan | None:
        """The end of an open handoff before anything else; both never want something at once."""
        if not is_changing_keys(conversation, me=situation.me):
            wanted = await self._answering.plan(conversation, situation)
            if wanted is not None:
                return wanted
        return await self._handing.plan(conversation, situation)

    def taken(self, receipt: bytes) -> None:
        self._answering.taken(receipt)

    async def stuck(self, conversation: Conversation) -> None:
        await self._answering.stuck(conversation)

    def failed(self, plan: Plan, code: str) -> None:
        self._answering.failed(plan, code)
        self._handing.failed(plan, code)


def _removing(leaf: int | None) -> Plan | None:
    return None if leaf is None else Plan(remove=(leaf,))
