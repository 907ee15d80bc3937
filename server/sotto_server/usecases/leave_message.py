"""A customer whom nobody joined leaves a message: who is on call for the desk, and the key packages to add them with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_keys.shared.credential import ROLE_ON_CALL, is_on_call
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.domain.rings import Rings, look_at
from sotto_server.usecases.believed import believed
from sotto_server.usecases.finding import conversation_of
from sotto_server.usecases.key_package_stock import claim_for_call
from sotto_wire.frames import LeaveMessage, OnCall
from sotto_wire.ids import Millis
from sotto_wire.limits import DEVICES_ON_CALL, MESSAGE_LEFT_MS
from sotto_wire.refusals import NotFound
from sotto_wire.stages import Act

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.directory import CredentialEntry, KeyPackageEntry
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.ids import DeskId


@dataclass(frozen=True, slots=True)
class Leaving:
    """A request, and the credentials of those on call, in the order in which they are asked."""

    asked: Asked[LeaveMessage]
    devices: tuple[CredentialEntry, ...]


def choose_on_call(unit: Unit, asked: Asked[LeaveMessage], /, *, now: Millis) -> Leaving:
    """A query, and the costly half: every credential is judged. `NotFound` where it is not the asker's own conversation."""
    conversation = _own(unit, asked)
    return Leaving(asked=asked, devices=tuple(_on_call(unit, conversation.desk, now=now)))


def leave_message(unit: Unit, leaving: Leaving, /, *, now: Millis) -> OnCall:
    """Safe to repeat: who is in already is not offered again. `NotFound` where nobody is on call, `WrongStage` where somebody answers."""
    conversation = _own(unit, leaving.asked)
    after = replace(conversation.after(Act.LEAVE), closes_at=Millis(now + MESSAGE_LEFT_MS), active_at=now)
    there = {each.device for each in conversation.current()}
    room = DEVICES_ON_CALL - (len(there) - 1)
    packages = _claimed(unit, [each for each in leaving.devices if each.device not in there], room=room, now=now)
    if not packages and len(there) == 1:
        raise NotFound("nobody is on call")
    unit.mail.keep(after)
    unit.ring(look_at(after.id, {after.customer}))
    unit.ring(Rings(desks=frozenset({after.desk})))
    card = after.card(after.customer)
    return OnCall(ref=leaving.asked.frame.ref, card=card, key_packages=[each.package for each in packages])


def _own(unit: Unit, asked: Asked[LeaveMessage]) -> Conversation:
    conversation = conversation_of(unit, asked.frame.conversation)
    if conversation.customer != asked.by.device:
        raise NotFound("another customer's")
    return conversation


def _claimed(unit: Unit, called: list[CredentialEntry], *, room: int, now: Millis) -> list[KeyPackageEntry]:
    claimed: list[KeyPackageEntry] = []
    for each in called:
        is_full = len(claimed) >= room
        package = None if is_full else claim_for_call(unit, each.device, credential=each.envelope, now=now)
        if package is not None:
            claimed.append(package)
    return claimed


def _on_call(unit: Unit, desk: DeskId, *, now: Millis) -> Iterator[CredentialEntry]:
    """One device of each person first: three devices of one person are one pair of eyes."""
    trust = believed(unit)
    people: dict[str, list[CredentialEntry]] = {}
    for entry in unit.credentials.find(void=False):
        try:
            credential = trust.judge_credential(
                entry.envelope, at=now, leaf_key=entry.device, desk=desk, role=ROLE_ON_CALL
            )
        except Untrusted:
            continue
        if is_on_call(credential, desk):
            people.setdefault(credential.person, []).append(entry)
    for turn in range(DEVICES_ON_CALL):
        yield from (devices[turn] for devices in people.values() if len(devices) > turn)
