"""One envelope of the relay's order taken in: a message read, or a commit judged and followed. Pure: it gives the next value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sotto_client.conversation import STUCK, Conversation, Counter, Situation
from sotto_client.entries import Coming, Gap, Going, Message
from sotto_client.outbox import settle_own
from sotto_client.sharing import taken, without_shares_for
from sotto_keys.device.mls.application_messages import decrypt
from sotto_keys.device.mls.committing import adopt_commit
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.payload import Again, Payload, Shared
from sotto_keys.shared.mls.commit_gate import judge_commit, read_note
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.sweep import is_void
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.claims import TeamAdmission
from sotto_wire.codec import decode_claims
from sotto_wire.ids import Millis
from sotto_wire.moments import KIND_BOT
from sotto_wire.refusals import BadFrame, Refused, StaleEpoch

if TYPE_CHECKING:
    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.mls.verdict import Verdict
    from sotto_wire.claims import Signed
    from sotto_wire.frames import Envelope

REMOVED = "removed"
"""`broken` of a device that a lawful commit removed."""


def receive(conversation: Conversation, envelope: Envelope, *, situation: Situation) -> Conversation:
    """The conversation after this envelope; its cursor stands behind it, unless this device cannot follow from here on.

    What it then does not acknowledge is what the others say again in the next group.
    """
    after = _take(conversation, envelope, situation=situation)
    return after if after.broken == STUCK else replace(after, cursor=envelope.seq)


def trust_cited(envelope: Envelope) -> int:
    """The trust version that a commit's note cites; 0 for none. A client that knows an older one fetches before it judges."""
    if envelope.kind != "commit":
        return 0
    try:
        return read_note(parse_commit(envelope.body)).trust_version or 0
    except (Refused, Untrusted):
        return 0


def _take(conversation: Conversation, envelope: Envelope, *, situation: Situation) -> Conversation:
    is_foreign = envelope.kind == "welcome" or envelope.group != conversation.group
    if conversation.broken is not None or is_foreign:
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
    sender = member.message_keys().signature_keys.get(opened.sender)
    is_honest = sender == envelope.sender and payload.number == envelope.number
    # The relay takes messages of the current epoch only: in an older one the same leaf may have been somebody else's. T20: and each
    # number once. An agent in an open handoff writes nothing; only a relay that does not keep these rules lets it through.
    is_timely = opened.epoch == member.epoch and conversation.memory.may_write(envelope.sender)
    is_new = payload.number > (_last_number(conversation, envelope.sender) or 0)
    if not (is_honest and is_timely and is_new):
        return _with_gap(stepped, envelope)
    return _with_message(stepped, envelope, payload=payload, situation=situation)


def _with_message(
    conversation: Conversation, envelope: Envelope, *, payload: Payload, situation: Situation
) -> Conversation:
    sender, number = envelope.sender, envelope.number
    before = _last_number(conversation, sender)
    # The first that a newcomer sees may have any number; from then on none may be missing.
    is_whole = before is None or number == before + 1
    base = _counting(conversation if is_whole else _with_gap(conversation, envelope), sender, number=number)
    if isinstance(payload.body, Shared):
        return _with_earlier(base, envelope, shared=payload.body, situation=situation)
    if isinstance(payload.body, Again):
        return _with_words_again(base, envelope, again=payload.body, situation=situation)
    return _with_words(base, envelope, text=payload.body.text, situation=situation)


def _with_earlier(
    conversation: Conversation, envelope: Envelope, *, shared: Shared, situation: Situation
) -> Conversation:
    """The customer alone shares what was said: from anybody else it is a gap, and so is what does not open."""
    if envelope.sender != conversation.terms.customer_key:
        return _with_gap(conversation, envelope)
    try:
        return taken(conversation, envelope, shared=shared, situation=situation)
    except Untrusted:
        return _with_gap(conversation, envelope)


def _with_words_again(
    conversation: Conversation, envelope: Envelope, *, again: Again, situation: Situation
) -> Conversation:
    """Shown once, whether it was read in the earlier group or only now; nobody says again what another has said."""
    terms = conversation.terms
    customers = [terms.customer_key, *(line.customer_key for line in terms.chain)]
    is_own = again.device == envelope.sender or (envelope.sender == terms.customer_key and again.device in customers)
    if not is_own:
        return _with_gap(conversation, envelope)
    read = next((each.number for each in conversation.earlier if each.device == again.device), 0)
    if again.number <= read:
        return conversation
    return _with_words(conversation, envelope, text=again.text, situation=situation)


def _with_words(conversation: Conversation, envelope: Envelope, *, text: str, situation: Situation) -> Conversation:
    sender = envelope.sender
    reader = conversation.reader(sender, situation.trust)
    credential = None if reader is None else reader.credential
    entry = Message(
        id=str(envelope.seq),
        is_mine=False,
        sender=sender,
        name="" if credential is None else credential.name,
        text=text,
        at=envelope.posted_at,
        standing="sent",
        seq=envelope.seq,
        number=envelope.number,
        is_assistant=credential is not None and credential.kind == KIND_BOT,
    )
    return replace(conversation.with_entry(entry), unanswered=())


def _last_number(conversation: Conversation, sender: bytes) -> int | None:
    return next((each.number for each in conversation.counters if each.device == sender), None)


def _counting(conversation: Conversation, sender: bytes, *, number: int) -> Conversation:
    others = tuple(each for each in conversation.counters if each.device != sender)
    return replace(conversation, counters=(*others, Counter(device=sender, number=number)))


def _with_gap(conversation: Conversation, envelope: Envelope) -> Conversation:
    return conversation.with_entry(Gap(at=envelope.posted_at, seq=envelope.seq))


def _take_commit(conversation: Conversation, envelope: Envelope, *, situation: Situation) -> Conversation:
    """A commit that the rules do not allow ends this device's part: whoever took it does not keep them.

    One that is allowed and cannot be followed is the next group's to mend (group rules). An epoch that is over is a replay: T23.
    """
    group = conversation.member.group
    try:
        verdict = judge_commit(group, envelope.body, trust=situation.trust, memory=conversation.memory, now=None)
    except StaleEpoch:
        is_replay = parse_commit(envelope.body).epoch < group.epoch
        return conversation if is_replay else conversation.stuck()
    except (Refused, Untrusted) as error:
        return conversation.broken_by(error)
    told = replace(
        _with_comings(
            without_shares_for(conversation, frozenset(verdict.removed)), verdict, seq=envelope.seq, situation=situation
        ),
        memory=conversation.memory.after(verdict),
        admission=_admission_after(conversation, verdict),
        pending=None,
    )
    try:
        member = _followed(conversation, envelope.body)
    except Untrusted:
        return conversation.stuck()
    if member is None:
        return replace(told, broken=REMOVED)
    is_ours = conversation.pending is not None and conversation.pending.message == envelope.body
    if not is_ours:
        return replace(told, member=member)
    unanswered = _unanswered_after(conversation, verdict, situation=situation)
    return replace(told, member=member, is_old=False, unanswered=unanswered)


def _admission_after(conversation: Conversation, verdict: Verdict) -> Signed | None:
    """A chat that is kept open goes on under a newer decision of its customer: whoever hands it over then carries that one."""
    decision = verdict.decision
    is_longer = verdict.by_customer and not verdict.added and decision is not None
    if not is_longer or conversation.admission is None or decision is None:
        return conversation.admission
    is_team = isinstance(decision.claims.admits, TeamAdmission) and decision.digest in verdict.terms.standing
    return verdict.note.decision if is_team else conversation.admission


def _followed(conversation: Conversation, commit: bytes) -> Member | None:
    """The member after it, none where it removes us; `Untrusted` where it is not well made."""
    pending = conversation.pending
    if pending is not None and pending.message == commit:
        return adopt_commit(conversation.member, pending)
    return process_commit(conversation.member, commit).member


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
