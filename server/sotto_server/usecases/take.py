"""An agent takes a conversation: its device is offered to the customer, who alone can let it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_keys.shared.credential import ROLE_AGENT
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.domain.directory import KeyPackageEntry, Offer
from sotto_server.domain.rings import Rings, look_at
from sotto_server.usecases.believed import believed
from sotto_server.usecases.finding import conversation_of, seat_at
from sotto_server.usecases.standing import require_credential
from sotto_wire.frames import Take, Taken
from sotto_wire.ids import DeskId
from sotto_wire.refusals import NoCredential, NoKeyPackage, NotFound, WrongStage
from sotto_wire.stages import Act, Stage

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Asked, Speaker
    from sotto_server.ports import Unit
    from sotto_wire.ids import DeviceKey, Millis


def take(unit: Unit, asked: Asked[Take], /, *, now: Millis) -> Taken:
    """Refuses with `NotSignedIn`, `NotFound` (also: nobody waits), `NoCredential`, `WrongStage` or `NoKeyPackage`."""
    frame, by = asked.frame, asked.by
    desk = DeskId(frame.desk)
    seat_at(unit, desk, by=by, now=now)
    _may_answer(unit, by, desk=desk, now=now)
    conversation = _chosen(unit, frame)
    if conversation.proposed == by.device:
        return Taken(ref=frame.ref, card=conversation.card(by.device))
    if conversation.stage is not Stage.WAITING:
        raise WrongStage(conversation.stage)
    package = _claim(unit, by.device, now=now)
    taken = replace(conversation.after(Act.TAKE), proposed=by.device)
    unit.mail.keep(taken)
    unit.offers.put(Offer(conversation=taken.key, device=by.device, package=package.package, offered_at=now))
    unit.ring(look_at(taken.id, {taken.customer, by.device}))
    unit.ring(Rings(desks=frozenset({desk})))
    return Taken(ref=frame.ref, card=taken.card(by.device))


def _may_answer(unit: Unit, by: Speaker, *, desk: DeskId, now: Millis) -> None:
    entry = require_credential(unit, by.device, now=now)
    try:
        credential = believed(unit).judge_credential(
            entry.envelope, at=now, leaf_key=by.device, desk=desk, role=ROLE_AGENT
        )
    except Untrusted as error:
        raise NoCredential(str(error)) from None
    if credential.person != by.agent:
        # The customer would be told the name of somebody who did not sign in.
        raise NoCredential("another person's device")


def _chosen(unit: Unit, frame: Take) -> Conversation:
    if frame.conversation is None:
        waiting = unit.mail.waiting(DeskId(frame.desk), limit=1)
        if not waiting:
            raise NotFound("nobody waits")
        return waiting[0]
    conversation = conversation_of(unit, frame.conversation)
    if conversation.desk != frame.desk:
        raise NotFound("of another desk")
    return conversation


def _claim(unit: Unit, device: DeviceKey, *, now: Millis) -> KeyPackageEntry:
    """The one that lasts longest, for the customer may be away; a single-use one leaves the directory."""
    held = [each for each in unit.key_packages.find(device=device) if each.expires_at > now]
    if not held:
        raise NoKeyPackage("none held")
    claimed = max(held, key=lambda each: (not each.last_resort, each.expires_at))
    if not claimed.last_resort:
        unit.key_packages.remove(claimed.reference)
    return claimed
