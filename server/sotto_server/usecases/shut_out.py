"""Stop everything for one device: its credential was revoked, or its agent disabled. The group learns it by a Remove, later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.rings import Rings, look_at
from sotto_server.usecases.handing import handoff_after_shutting_out
from sotto_server.usecases.standing import device_standing
from sotto_wire.stages import Act, Stage

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation
    from sotto_server.ports import Unit
    from sotto_wire.ids import DeviceKey, Millis


def shut_out(unit: Unit, device: DeviceKey, *, now: Millis, whatever_it_holds: bool = False) -> None:
    """Nothing is delivered to it or taken from it from here on; what was on offer goes back to the queue.

    A device with another credential in force stays, unless `whatever_it_holds`.
    """
    if not whatever_it_holds and device_standing(unit, device, now=now).state == "issued":
        return
    conversations = unit.mail.of_device(device)
    for each in unit.key_packages.find(device=device):
        unit.key_packages.remove(each.reference)
    for conversation in conversations:
        _leave(unit, conversation, device, now=now)
    unit.ring(Rings(cut=frozenset({device})))


def rings_for_the_shut_out(unit: Unit, devices: frozenset[DeviceKey], /, *, now: Millis) -> Rings:  # noqa: ARG001 - a query
    """A query, after another process has written: who of `devices` is cut, and which of them must look whether they still may speak."""
    known = [each for each in map(unit.devices.get, devices) if each is not None]
    agents = {each.agent: unit.agents.get(each.agent) for each in known}
    cut = frozenset(
        each.device for each in known if (agent := agents[each.agent]) is None or agent.disabled_at is not None
    )
    return Rings(cut=cut, devices=frozenset(each.device for each in known) - cut)


def _leave(unit: Unit, conversation: Conversation, device: DeviceKey, *, now: Millis) -> None:
    after = conversation
    if conversation.proposed == device and conversation.stage is Stage.PROPOSED:
        after = replace(conversation.after(Act.DESK_LEFT), proposed=None)
        unit.offers.remove(conversation.key)
        unit.ring(Rings(desks=frozenset({conversation.desk})))
    for member in conversation.members:
        if member.device == device:
            after = after.with_member(replace(member, blocked=True))
    after = handoff_after_shutting_out(unit, after, device=device, now=now)
    if after.stage in (Stage.ACTIVE, Stage.LEFT) and not after.has_agent():
        # Nobody of the desk is left who could write, add or remove: it waits for the customer's device, and is seen to.
        after = replace(after.after(Act.DESK_LEFT), waiting_since=now)
        unit.ring(Rings(desks=frozenset({conversation.desk})))
    # It is owed nothing any more, so what only waited for it may leave.
    after = replace(after, gone=max(after.gone, after.delivered_floor()))
    unit.mail.keep(after)
    unit.ring(look_at(conversation.id, after.readers()))
