"""What this device wants to say: as said until the relay confirms it, sealed anew when the epoch changed. Only the head is on its way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec.structs import replace as with_fields

from sotto_client.conversation import Conversation, FirstSent, Situation, Waiting
from sotto_client.entries import Message, Shared
from sotto_client.sharing import asked_again, sealed_share
from sotto_keys.device.mls.application_messages import encrypt
from sotto_keys.device.payload import Again, Payload, Text
from sotto_keys.shared.text_forms import digest_of
from sotto_wire.codec import encode_claims
from sotto_wire.limits import TEXT_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from sotto_client.entries import Entry
    from sotto_keys.device import payload

ID_BYTES = 8


def pieces_of(text: str) -> list[str]:
    """Long text is sent as several messages; nothing is sent of blank text."""
    whole = text.strip()
    return [whole[start : start + TEXT_CHARACTERS] for start in range(0, len(whole), TEXT_CHARACTERS)]


def written(conversation: Conversation, text: str, *, situation: Situation) -> Conversation:
    """The conversation with one more thing to say."""
    name, now = situation.entropy(ID_BYTES).hex(), situation.now
    entry = Message(id=name, is_mine=True, sender=situation.me, name="", text=text, at=now, standing="sending", seq=0)
    waiting = Waiting(id=name, text=text, written_at=now, number=0, epoch=0, message=None, is_stale=False)
    return replace(conversation, entries=(*conversation.entries, entry), outbox=(*conversation.outbox, waiting))


def asked(conversation: Conversation, *, wanted: bool, situation: Situation) -> Conversation:
    """After the answer to whether what a revoked agent never answered is said again."""
    texts = [each.text for each in conversation.messages if each.is_mine and each.id in conversation.unanswered]
    after = replace(conversation, unanswered=())
    for text in texts if wanted else []:
        after = written(after, text, situation=situation)
    return after


def seal_head(conversation: Conversation, *, entropy: Callable[[int], bytes]) -> Conversation | None:
    """The head sealed for the current epoch; none when nothing is to be sent now. Save it before sending: a crash would use a key twice."""
    if not conversation.outbox:
        return None
    head, *rest = conversation.outbox
    epoch = conversation.member.epoch
    if head.is_stale and head.epoch == epoch:
        return None
    if head.message is not None and head.epoch == epoch:
        return conversation
    number = head.number or conversation.number + 1
    told, body = _body(conversation, head, entropy=entropy)
    said = Payload(number=number, last_shown=_last_shown(conversation), checkpoint=None, body=body)
    member, message = encrypt(conversation.member, encode_claims(said), entropy=entropy)
    sealed = with_fields(head, number=number, epoch=epoch, message=message, is_stale=False)
    return replace(told, member=member, outbox=(sealed, *rest))


def _body(
    conversation: Conversation, head: Waiting, *, entropy: Callable[[int], bytes]
) -> tuple[Conversation, Text | Again | payload.Shared]:
    if head.shares is not None:
        return sealed_share(conversation, head.shares, name=head.id, entropy=entropy)
    if head.first is None:
        return conversation, Text(text=head.text, written_at=head.written_at)
    device, number = head.first.device, head.first.number
    return conversation, Again(device=device, number=number, text=head.text, written_at=head.written_at)


def settle_own(conversation: Conversation, *, number: int, seq: int) -> Conversation:
    """Our own message came back in its place, or the relay said that it has it. A `seq` of 0 is not known."""
    counted = replace(conversation, number=max(conversation.number, number))
    done = next((each for each in conversation.outbox if each.number == number), None)
    if done is None:
        return counted
    return replace(
        counted,
        outbox=tuple(each for each in counted.outbox if each is not done),
        entries=tuple(_stands(each, done.id, standing="sent", seq=seq, number=number) for each in counted.entries),
    )


def counted(conversation: Conversation, last_number: int) -> Conversation:
    """What the relay took of our messages, by its own count (an older state must not encrypt before its keys are new)."""
    after = conversation
    for waiting in conversation.outbox:
        # The last one is sent again: its first answer tells its place.
        if 0 < waiting.number < last_number:
            after = settle_own(after, number=waiting.number, seq=0)
    known = max(conversation.number, *(each.number for each in conversation.outbox), 0)
    return replace(after, number=last_number, is_old=True) if last_number > known else after


def said_again(conversation: Conversation, *, by: bytes) -> Conversation:
    """What waits, and what we sent and not everybody has stored, in front of the conversation's next group: nothing of it is sealed.

    `by` is the device that we were in the group before.
    """
    conversation = asked_again(conversation)
    unread = [
        each
        for each in conversation.entries
        if isinstance(each, Message)
        and each.is_mine
        and each.standing == "sent"
        and (each.seq == 0 or each.seq > conversation.delivered)
    ]
    repeated = [
        Waiting(
            id=each.id,
            text=each.text,
            written_at=each.at,
            number=0,
            epoch=0,
            message=None,
            is_stale=False,
            first=FirstSent(device=by, number=each.number),
        )
        for each in unread
    ]
    names = {each.id for each in unread}
    return replace(
        conversation,
        outbox=(*repeated, *(_unsealed(each, by=by) for each in conversation.outbox)),
        entries=tuple(
            with_fields(each, standing="sending", seq=0) if isinstance(each, Message) and each.id in names else each
            for each in conversation.entries
        ),
    )


def _unsealed(waiting: Waiting, *, by: bytes) -> Waiting:
    """It may have been taken without our hearing of it: then whoever has read it drops it."""
    first = FirstSent(device=by, number=waiting.number) if waiting.number else waiting.first
    return with_fields(waiting, number=0, epoch=0, message=None, is_stale=False, first=first)


def stale(conversation: Conversation, name: str) -> Conversation:
    """`stale_epoch`: it waits, as text, for the epoch that won."""
    return replace(
        conversation,
        outbox=tuple(
            with_fields(each, message=None, is_stale=True) if each.id == name else each for each in conversation.outbox
        ),
    )


def not_sent(conversation: Conversation, name: str) -> Conversation:
    """Refused for good: its number was not taken, so the next message gets it."""
    kept = (each for each in conversation.outbox if each.id != name)
    return replace(
        conversation,
        outbox=tuple(with_fields(each, number=0, message=None) for each in kept),
        entries=tuple(_stands(each, name, standing="not_sent", seq=0) for each in conversation.entries),
    )


def _stands(
    entry: Entry, name: str, *, standing: Literal["sending", "sent", "not_sent"], seq: int, number: int = 0
) -> Entry:
    if isinstance(entry, Message) and entry.is_mine and entry.id == name:
        return with_fields(entry, standing=standing, seq=seq, number=number)
    if isinstance(entry, Shared) and entry.id == name:
        return with_fields(entry, standing=standing, seq=seq)
    return entry


def _last_shown(conversation: Conversation) -> bytes | None:
    shown = conversation.entries[: conversation.shown]
    last = next((each for each in reversed(shown) if isinstance(each, Message) and not each.is_mine), None)
    return None if last is None else digest_of(last.text.encode())
