"""Take an application message: its place in the order, or the answer it had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.mailbox import StoredEnvelope, check_message_header
from sotto_server.domain.rings import look_at
from sotto_server.usecases.finding import conversation_of
from sotto_wire.frames import Post, Posted
from sotto_wire.ids import Millis
from sotto_wire.limits import ENVELOPE_LIFE_MS, MAILBOX_ENVELOPES
from sotto_wire.refusals import MailboxFull, OutOfOrder, StaleEpoch, WrongStage
from sotto_wire.stages import Act

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation, Member
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit


def post_envelope(unit: Unit, asked: Asked[Post], /, *, now: Millis) -> Posted:
    """Refuses with `NotFound`, `WrongStage`, `StaleEpoch`, `OutOfOrder`, `MailboxFull` or `BadFrame`."""
    post, device = asked.frame, asked.by.device
    conversation = conversation_of(unit, post.conversation)
    member = conversation.speaker(device)
    if post.number <= member.sent:
        return _answer_again(unit, post, conversation=conversation, member=member)
    conversation = conversation.after(Act.POST)
    _check(conversation, member, post)
    seq = conversation.head + 1
    sent = replace(member, sent=post.number, sent_seq=seq, sent_at=now)
    kept = replace(conversation.with_member(sent), head=seq, active_at=now)
    unit.mail.keep(kept)
    unit.mail.append(
        StoredEnvelope(
            conversation=kept.key,
            seq=seq,
            group=post.group,
            epoch=post.epoch,
            kind="message",
            sender=device,
            number=post.number,
            posted_at=now,
            expires_at=Millis(now + ENVELOPE_LIFE_MS),
            recipient=None,
            body=post.message,
        )
    )
    unit.ring(look_at(kept.id, kept.readers()))
    return Posted(ref=post.ref, conversation=kept.id, seq=seq, posted_at=now)


def _check(conversation: Conversation, member: Member, post: Post) -> None:
    if member.hushed:
        raise WrongStage("a handoff is open")
    if conversation.reserved_at is not None:
        # The customer withdrew: until their device has put that device out, nothing is taken that it could still decrypt.
        raise StaleEpoch("somebody is being put out")
    if (post.group, post.epoch) != (conversation.group, conversation.epoch):
        raise StaleEpoch(f"{post.group}/{post.epoch}")
    if post.number != member.sent + 1:
        raise OutOfOrder(f"{post.number} after {member.sent}")
    if conversation.head - conversation.gone >= MAILBOX_ENVELOPES:
        raise MailboxFull(f"{conversation.head - conversation.gone} waiting")
    check_message_header(post.message, conversation.id, group=post.group, epoch=post.epoch)


def _answer_again(unit: Unit, post: Post, *, conversation: Conversation, member: Member) -> Posted:
    """T18: a number that was taken returns its first answer.

    The last one is on the member row. An earlier one lies in the mailbox until its own sender has acknowledged it, and then
    the sender has seen it in its place and asks no more.
    """
    if post.number == member.sent:
        return Posted(ref=post.ref, conversation=conversation.id, seq=member.sent_seq, posted_at=member.sent_at)
    kept = unit.mail.numbered(conversation.key, member.device, post.number)
    if kept is None:
        raise OutOfOrder(f"{post.number} is long past")
    return Posted(ref=post.ref, conversation=conversation.id, seq=kept.seq, posted_at=kept.posted_at)
