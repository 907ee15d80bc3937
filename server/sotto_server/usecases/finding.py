"""Small look-ups that several use cases begin with. They refuse with `NotFound` for what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.trust_bundle import TrustBundle
from sotto_server.usecases.sign_in import check_sign_in
from sotto_wire.ids import ConversationId
from sotto_wire.limits import CONVERSATION_LIFE_MS
from sotto_wire.refusals import NotFound
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Speaker
    from sotto_server.ports import Unit
    from sotto_wire.ids import AgentId, DeskId, DeviceKey, Millis


def conversation_of(unit: Unit, conversation: bytes) -> Conversation:
    found = unit.mail.conversation(ConversationId(conversation))
    if found is None:
        raise NotFound("no such conversation")
    return found


def seat_at(unit: Unit, desk: DeskId, *, by: Speaker, now: Millis) -> None:
    """`NotFound` unless the agent sits at the desk: a desk that is not yours looks like one that does not exist.

    `NotSignedIn` when the sign-in ended while the socket stayed open (T49).
    """
    check_sign_in(unit, by, now=now)
    if by.agent is None or unit.seats.get(by.agent, desk) is None:
        raise NotFound("not at this desk")


def is_party(conversation: Conversation, device: DeviceKey) -> bool:
    """Whether the device may know of it: a member that is owed something, or the one it is offered to."""
    return device == conversation.proposed or device in conversation.readers()


def conversations_listed(unit: Unit, device: DeviceKey, *, now: Millis) -> list[Conversation]:
    """What `welcomed` lists: everything live, and what closed within the last day, in the order of opening."""
    return [
        each
        for each in unit.mail.of_device(device)
        if is_party(each, device) and (each.stage is not Stage.CLOSED or now < each.active_at + CONVERSATION_LIFE_MS)
    ]


def trust_bundle_of(unit: Unit) -> bytes | None:
    """The answer of `GET /v1/trust`; none before anything was published."""
    trust = unit.trusts.newest()
    roots = tuple(each.envelope for each in unit.roots.find())
    return None if trust is None else TrustBundle(roots=roots, trust=trust.envelope).to_bytes()


def agent_of(by: Speaker) -> AgentId:
    """The agent who speaks. The session lets only agents ask what needs one."""
    assert by.agent is not None
    return by.agent
