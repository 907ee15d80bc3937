"""Earlier messages for a newcomer: who may be given them, the customer's answer, and what arrives. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec.structs import replace as with_fields

from sotto_client.conversation import Newcomer, Waiting
from sotto_client.entries import Coming, EarlierMessage, Going, Shared
from sotto_keys.device.earlier import newest_that_fit, open_earlier, seal_earlier
from sotto_keys.device.payload import Line
from sotto_keys.shared.text_forms import check_name
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.refusals import WrongStage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.conversation import Conversation, Situation
    from sotto_client.entries import Message
    from sotto_keys.device import payload
    from sotto_wire.frames import Envelope

ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Shareable:
    """Somebody who was let in and cannot read what was said before; the customer has not answered yet whether to share it."""

    device: bytes
    name: str
    since: int
    """The place at which they came."""
    count: int
    """How many messages they cannot read."""


def shareable(conversation: Conversation) -> tuple[Shareable, ...]:
    """Everybody about whom there is a question now, in the order of their coming. Only ever asked of the customer."""
    if conversation.is_over:
        return ()
    found = (
        Shareable(device=each.device, name=each.name, since=each.seq, count=len(_before(conversation, each.seq)))
        for each in _here(conversation)
        if Newcomer(device=each.device, since=each.seq) not in conversation.answered
    )
    return tuple(each for each in found if each.count)


def answered(conversation: Conversation, device: bytes, *, wanted: bool, situation: Situation) -> Conversation:
    """After the customer's answer about this device: everything so far, or nothing. `WrongStage` where there is no question."""
    question = next((each for each in shareable(conversation) if each.device == device), None)
    if question is None:
        raise WrongStage("nothing to share")
    newcomer = Newcomer(device=question.device, since=question.since)
    told = replace(conversation, answered=(*conversation.answered, newcomer))
    if not wanted:
        return told
    name, now = situation.entropy(ID_BYTES).hex(), situation.now
    waiting = Waiting(
        id=name, text="", written_at=now, number=0, epoch=0, message=None, is_stale=False, shares=newcomer
    )
    entry = Shared(id=name, device=device, name=question.name, count=0, left_out=0, at=now, standing="sending", seq=0)
    return replace(told.with_entry(entry), outbox=(*told.outbox, waiting))


def sealed_share(
    conversation: Conversation, newcomer: Newcomer, *, name: str, entropy: Callable[[int], bytes]
) -> tuple[Conversation, payload.Shared]:
    """The messages as this device shows them, sealed to the newcomer's leaf of this very epoch; the log says how many they are."""
    earlier = newest_that_fit([_line(each) for each in _before(conversation, newcomer.since)])
    body = seal_earlier(conversation.member, earlier, device=newcomer.device, entropy=entropy)
    entries = tuple(
        with_fields(each, count=len(earlier.lines), left_out=earlier.left_out)
        if isinstance(each, Shared) and each.id == name
        else each
        for each in conversation.entries
    )
    return replace(conversation, entries=entries), body


def without_shares_for(conversation: Conversation, gone: frozenset[bytes]) -> Conversation:
    """Nothing is shared with who was removed before it was on its way."""
    dropped = {each.id for each in conversation.outbox if each.shares is not None and each.shares.device in gone}
    return _not_shared(conversation, dropped) if dropped else conversation


def asked_again(conversation: Conversation) -> Conversation:
    """In front of the next group: what not everybody has stored was sealed for keys that are over, so the question stands again."""
    unread = {
        each.id
        for each in conversation.entries
        if isinstance(each, Shared)
        and (each.standing == "sending" or (each.standing == "sent" and not 0 < each.seq <= conversation.delivered))
    }
    devices = {each.device for each in conversation.entries if isinstance(each, Shared) and each.id in unread}
    after = _not_shared(conversation, unread)
    return replace(after, answered=tuple(each for each in after.answered if each.device not in devices))


def taken(
    conversation: Conversation, envelope: Envelope, *, shared: payload.Shared, situation: Situation
) -> Conversation:
    """The newcomer shows them in front of everything, once; everybody else only that it happened. `Untrusted` where they cannot be read."""
    entry = Shared(
        id=str(envelope.seq),
        device=shared.device,
        name=conversation.name_of(shared.device, situation.trust),
        count=0,
        left_out=0,
        at=envelope.posted_at,
        standing="sent",
        seq=envelope.seq,
    )
    if shared.device != situation.me:
        return conversation.with_entry(entry)
    if conversation.earlier_messages:
        return conversation
    earlier = open_earlier(conversation.member, shared)
    told = tuple(_told(each, seq=envelope.seq) for each in earlier.lines)
    head = with_fields(entry, count=len(told), left_out=earlier.left_out)
    return replace(
        conversation,
        entries=(head, *told, *conversation.entries),
        shown=conversation.shown + 1 + len(told),
    )


def _here(conversation: Conversation) -> tuple[Coming, ...]:
    """By which coming everybody is here. Whoever comes in again in the next group has kept what it read in the one before."""
    here: dict[bytes, Coming] = {}
    for entry in conversation.entries:
        if isinstance(entry, Coming):
            here.setdefault(entry.device, entry)
        elif isinstance(entry, Going):
            here.pop(entry.device, None)
    group = conversation.member.group
    return tuple(each for each in here.values() if group.find(each.device) is not None)


def _before(conversation: Conversation, since: int) -> list[Message]:
    """What has its place in the relay's order before that one."""
    return [each for each in conversation.messages if each.standing == "sent" and 0 < each.seq < since]


def _line(message: Message) -> Line:
    if message.is_mine:
        return Line(whose="customer", name="", text=message.text, at=message.at)
    return Line(
        whose="assistant" if message.is_assistant else "person", name=message.name, text=message.text, at=message.at
    )


def _told(line: Line, *, seq: int) -> EarlierMessage:
    if line.name:
        try:
            check_name(line.name)  # T35: it is shown like the names that the organisation vouches for
        except ValueError:
            raise Malformed("a name") from None
    return EarlierMessage(whose=line.whose, name=line.name, text=line.text, at=line.at, seq=seq)


def _not_shared(conversation: Conversation, names: set[str]) -> Conversation:
    return replace(
        conversation,
        outbox=tuple(each for each in conversation.outbox if each.id not in names),
        entries=tuple(
            with_fields(each, standing="not_sent", seq=0) if isinstance(each, Shared) and each.id in names else each
            for each in conversation.entries
        ),
    )
