"""Go on in a conversation's next group: the one before takes nothing more, and the desk's agent in it is on offer again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_keys.shared.mls.chain import check_continues
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.proofs import proofs
from sotto_keys.shared.mls.public_group import PublicGroup
from sotto_server.domain.conversation import Member
from sotto_server.domain.directory import Offer
from sotto_server.domain.ledger import GroupState
from sotto_server.domain.rings import Rings, look_at
from sotto_server.usecases.answering import claim_package, require_answerer
from sotto_server.usecases.finding import conversation_of
from sotto_server.usecases.handing import drop_handoff
from sotto_wire.ids import DeviceKey, Millis
from sotto_wire.refusals import CommitNotAllowed, GroupOver, NoCredential, NoKeyPackage, NotFound
from sotto_wire.stages import Act, Stage

if TYPE_CHECKING:
    from sotto_keys.shared.mls.opening_gate import Opening
    from sotto_server.domain.conversation import Conversation
    from sotto_server.ports import Unit
    from sotto_wire.ids import Digest


def check_succession(unit: Unit, opening: Opening, *, digest: Digest) -> None:
    """That this group continues the conversation's current one, by the word of its customer; also where it did so already.

    `NotFound` where there is no such conversation of theirs, `GroupOver` where another group did, `WrongStage` where it is closed.
    """
    conversation = conversation_of(unit, opening.conversation)
    if conversation.opening == digest:
        return
    _check_turn(conversation, opening)
    state = unit.groups.get(conversation.key)
    assert state is not None, "a conversation that is not closed has its group"
    with proofs():
        check_continues(opening.terms, read_terms(PublicGroup.from_bytes(state.public).extensions))


def continue_conversation(unit: Unit, opening: Opening, *, digest: Digest, now: Millis) -> Conversation:
    """The conversation in its next group. What was accepted in the one before still goes out to whoever is owed it."""
    before = conversation_of(unit, opening.conversation)
    _check_turn(before, opening)
    handoff = unit.handoffs.get(before.key)
    if handoff is not None:
        before = drop_handoff(unit, before, handoff)
    agent = _agent_of(before)
    after = replace(
        _frozen(before, opening),
        stage=before.after(Act.CONTINUE).stage,
        customer=DeviceKey(opening.terms.customer_key),
        opening=digest,
        closes_at=Millis(min(before.closes_at, opening.start.claims.expires_at)),
        group=opening.number,
        epoch=0,
        active_at=now,
    )
    if before.stage is Stage.ACTIVE:
        after = _carried_over(unit, after, agent, now=now)
    after = replace(after, gone=max(after.gone, after.delivered_floor()))
    unit.mail.keep(after)
    public, memory = opening.group.to_bytes(), opening.memory.to_bytes()
    unit.groups.put(GroupState(conversation=after.key, group=after.group, public=public, memory=memory))
    told = before.readers() | after.readers() | ({after.proposed} if after.proposed else frozenset())
    unit.ring(look_at(after.id, told))
    unit.ring(Rings(desks=frozenset({after.desk})))
    return after


def _check_turn(conversation: Conversation, opening: Opening) -> None:
    line = opening.terms.chain[-1]
    was_customer = any(each.role == "customer" and each.device == line.customer_key for each in conversation.members)
    if not was_customer:
        raise NotFound("of another customer")
    if (conversation.group, conversation.customer) != (opening.number - 1, line.customer_key):
        raise GroupOver("goes on in another group")
    if line.epoch > conversation.epoch:
        raise CommitNotAllowed("an epoch that never was")
    conversation.after(Act.CONTINUE)


def _frozen(conversation: Conversation, opening: Opening) -> Conversation:
    """Nobody of the group before speaks any more. Its customer's device hands over and is owed nothing.

    What that device had stored is what the customer has: the others learn from it what they must say again.
    """
    after, stored = conversation, conversation.member(conversation.customer).acked
    for each in conversation.current():
        until = each.acked if each.role == "customer" else conversation.head
        after = after.with_member(replace(each, until=until, frozen=True, hushed=False))
    customer = DeviceKey(opening.terms.customer_key)
    if any(each.device == customer for each in conversation.members):
        raise NotFound("the key of a member")
    return after.with_member(Member(device=customer, role="customer", since=conversation.head, acked=stored))


def _agent_of(conversation: Conversation) -> DeviceKey | None:
    """Who of the desk came in last and is still there: in an open handoff that is who answers from now on."""
    agents = [each for each in conversation.current() if each.role == "agent"]
    return max(agents, key=lambda each: each.since).device if agents else None


def _carried_over(unit: Unit, after: Conversation, agent: DeviceKey | None, *, now: Millis) -> Conversation:
    """The agent does not stand in the queue again. Who may no longer answer leaves the conversation to the desk."""
    if agent is not None:
        try:
            _put_on_offer(unit, after, agent, now=now)
        except (NoCredential, NoKeyPackage):
            pass
        else:
            return replace(after, proposed=agent)
    return replace(after.after(Act.DESK_LEFT), waiting_since=now)


def _put_on_offer(unit: Unit, conversation: Conversation, device: DeviceKey, *, now: Millis) -> None:
    known = unit.devices.get(device)
    agent = None if known is None else known.agent
    require_answerer(unit, device, agent=agent, desk=conversation.desk, now=now)
    package = claim_package(unit, device, now=now).package
    unit.offers.put(Offer(conversation=conversation.key, device=device, package=package, offered_at=now))
