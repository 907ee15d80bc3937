"""One envelope of the relay's order taken in: a message read, or a commit judged and followed. Pure: it gives the next value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sotto_client.conversation import Conversation, Counter, Situation
from sotto_client.entries import Coming, Gap, Going, Message
from sotto_client.outbox import settle_own
from sotto_keys.device.mls.application_messages import decrypt
from sotto_keys.device.mls.committing import adopt_commit
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.payload import Payload
from sotto_keys.shared.mls.commit_gate import judge_commit, read_note
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.sweep import is_void
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.codec import decode_claims
from sotto_wire.ids import Millis
from sotto_wire.refusals import BadFrame, Refused

if TYPE_CHECKING:
    from sotto_keys.device.mls.application_messages import Opened
    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.mls.verdict import Verdict
    from sotto_wire.frames import Envelope

REMOVED = "removed"
"""`broken` of a device that a lawful commit removed."""


def receive(conversation: Conversation, envelope: Envelope, *, situation: Situation) -> Conversation:
    """The conversation after this envelope; its cursor stands behind it."""
    return replace(_take(conversation, envelope, situation=situation), cursor=envelope.seq)


def trust_cited(envelope: Envelope) -> int:
    """The trust version that a commit's note cites; 0 for none. A client that knows an older one fetches before it judges."""
    if envelope.kind != "commit":
        return 0
    try:
        return read_note(parse_commit(envelope.body)).trust_version or 0
    except (Refused, Untrusted):
        return 0


def _take(conversation: Conversation, envelope: Envelope, *, situation: Situation) -> Conversation:
    if conversation.broken is not None or envelope.kind == "welcome":
        return conversation
    if envelope.kind == "commit":
        return _take_commit(conversation, envelope, situation=situation)
    if envelope.sender == situation.me:
        return settle_own(conversation, number=envelope.number, seq=envelope.seq)
    return _take_message(conversation, envelope, situation=situation)


def _take_message(conversation: Conversation, envelope: Envelope, *, situation: Situation) -> Conversation:
    """A message that cannot be read leaves a gap that is shown; it ends nothing."""
    try:
        member, opened = decrypt(conversation.member, envelope.body)
    except Untrusted:
        return _with_gap(conversation, envelope)
    stepped = replace(conversation, member=member)
    try:
        payload = decode_claims(opened.content, Payload)
    except BadFrame:
        return _with_gap(stepped, envelope)
    sender = _sender(member, opened)
    is_honest = sender == envelope.sender and payload.number == envelope.number
    # An agent in an open handoff writes nothing (group rules); only a relay that does not keep them lets it through.
    if not is_honest or not conversation.memory.may_write(envelope.sender):
        return _with_gap(stepped, envelope)
    return _with_message(stepped, envelope, payload=payload, situation=situation)


def _sender(member: Member, opened: Opened) -> bytes | None:
    keys = member.past if member.past is not None and opened.epoch == member.past.context.epoch else None
    return (keys or member.message_keys()).signature_keys.get(opened.sender)


def _with_message(
    conversation: Conversation, envelope: Envelope, *, payload: Payload, situation: Situation
) -> Conversation:
    sender, number = envelope.sender, envelope.number
    before = next((each.number for each in conversation.counters if each.device == sender), None)
    # The first that a newcomer sees may have any number; from then on none may be missing.
    is_whole = before is None or number <= before + 1
    base = conversation if is_whole else _with_gap(conversation, envelope)
    entry = Message(
        id=str(envelope.seq),
        is_mine=False,
        sender=sender,
        name=conversation.name_of(sender, situation.trust),
        text=payload.body.text,
        at=envelope.posted_at,
        standing="sent",
        seq=envelope.seq,
    )
    others = tuple(each for each in base.counters if each.device != sender)
    counters = (*others, Counter(device=sender, number=number))
    return replace(base.with_entry(entry), counters=counters, unanswered=())


def _with_gap(conversation: Conversation, envelope: Envelope) -> Conversation:
    return conversation.with_entry(Gap(at=envelope.posted_at, seq=envelope.seq))


def _take_commit(conversation: Conversation, envelope: Envelope, *, situation: Situation) -> Conversation:
    """An accepted commit that this device cannot follow ends its part: it says so and sends nothing (group rules)."""
    try:
        verdict = judge_commit(
            conversation.member.group,
            envelope.body,
            trust=situation.trust,
            memory=conversation.memory,
            now=None,
        )
        told = replace(
            _with_comings(conversation, verdict, seq=envelope.seq, situation=situation),
            memory=conversation.memory.after(verdict),
            pending=None,
        )
        pending = conversation.pending
        if pending is not None and pending.message == envelope.body:
            unanswered = _unanswered_after(conversation, verdict, situation=situation)
            adopted = adopt_commit(conversation.member, pending)
            return replace(told, member=adopted, is_old=False, unanswered=unanswered)
        member = process_commit(conversation.member, envelope.body).member
    except (Refused, Untrusted) as error:
        return conversation.broken_by(error)
    return replace(told, broken=REMOVED) if member is None else replace(told, member=member)


def _unanswered_after(conversation: Conversation, verdict: Verdict, *, situation: Situation) -> tuple[str, ...]:
    """What the last agent had in hand when its revoked device was removed, and said nothing to. A newcomer cannot read it."""
    group, at = conversation.member.group, Millis(verdict.note.committed_at)
    gone = [leaf for _, leaf in group.roster() if leaf.signature_key in verdict.removed]
    is_alone = len(group.roster()) - len(gone) == 1
    if not (verdict.by_customer and is_alone and any(is_void(leaf, situation.trust, at=at) for leaf in gone)):
        return conversation.unanswered
    messages = conversation.messages
    last = max((place for place, each in enumerate(messages, 1) if not each.is_mine), default=0)
    return tuple(each.id for each in messages[last:] if each.standing == "sent")


def _with_comings(conversation: Conversation, verdict: Verdict, *, seq: int, situation: Situation) -> Conversation:
    at = verdict.note.committed_at
    goings = (
        Going(device=each, name=conversation.name_of(each, situation.trust), at=at, seq=seq) for each in verdict.removed
    )
    comings = (Coming(device=each.device, name=each.credential.name, at=at, seq=seq) for each in verdict.added)
    return conversation.with_entry(*goings, *comings)
