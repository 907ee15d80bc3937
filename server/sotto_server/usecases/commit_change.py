"""Take a commit: judged by the gate on its bytes, one winner an epoch; commit, welcomes, roster and ledger in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_keys.shared.mls.commit_gate import judge_commit
from sotto_keys.shared.mls.group_memory import GroupMemory, parse_group_memory
from sotto_keys.shared.mls.proposals import Add
from sotto_keys.shared.mls.public_group import PublicGroup
from sotto_keys.shared.mls.welcome import parse_welcome
from sotto_keys.shared.untrusted import Inconsistent
from sotto_server.domain.ledger import Change, GroupState
from sotto_server.domain.mailbox import StoredEnvelope
from sotto_server.domain.rings import Rings, look_at
from sotto_server.usecases.believed import believed
from sotto_server.usecases.finding import conversation_of
from sotto_server.usecases.record_decision import record_decision
from sotto_server.usecases.roster import after_commit
from sotto_wire.claims import WelcomeBundle
from sotto_wire.codec import encode_claims
from sotto_wire.frames import Commit, Committed
from sotto_wire.ids import Digest, Millis
from sotto_wire.limits import COMMIT_BYTES, ENVELOPE_LIFE_MS, MAILBOX_ENVELOPES
from sotto_wire.refusals import BadFrame, MailboxFull, NotFound, StaleEpoch, TooLarge
from sotto_wire.stages import Act

if TYPE_CHECKING:
    from sotto_keys.shared.mls.verdict import Verdict
    from sotto_keys.shared.secret import Signer
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit


@dataclass(frozen=True, slots=True)
class Accepted:
    """An allowed and well-made commit on its way into the store."""

    conversation: Conversation
    asked: Asked[Commit]
    verdict: Verdict
    before: PublicGroup
    after: PublicGroup
    memory: GroupMemory
    now: Millis

    @property
    def seq(self) -> int:
        """Its place; the welcomes of its newcomers stand right after it."""
        return self.conversation.head + 1


def commit_change(unit: Unit, asked: Asked[Commit], /, *, now: Millis, signer: Signer) -> Committed:
    """Refuses as the gate does, and with `NotFound`, `WrongStage`, `StaleEpoch`, `MailboxFull`; `Untrusted` where it is not well made."""
    frame, device = asked.frame, asked.by.device
    conversation = conversation_of(unit, frame.conversation)
    conversation.speaker(device)
    known = unit.changes.get(conversation.key, frame.group, frame.epoch)
    digest = Digest(sha256(frame.commit).digest())
    if known is not None and (known.device, known.digest) == (device, digest):
        return Committed(ref=frame.ref, conversation=conversation.id, seq=known.seq, receipt=known.receipt)
    # T21: of two commits for one epoch the later one finds the epoch over.
    conversation = conversation.after(Act.COMMIT)
    if known is not None or (frame.group, frame.epoch) != (conversation.group, conversation.epoch):
        raise StaleEpoch(f"{frame.group}/{frame.epoch}")
    if conversation.head - conversation.gone >= MAILBOX_ENVELOPES:
        raise MailboxFull("commits")
    accepted = _judge(unit, conversation, asked, now=now)
    receipt = _receipt(unit, accepted, signer=signer)
    _deliver(unit, accepted)
    _keep(unit, accepted)
    unit.changes.add(
        Change(
            conversation=conversation.key,
            group=frame.group,
            epoch=frame.epoch,
            device=device,
            digest=digest,
            seq=accepted.seq,
            receipt=receipt,
        )
    )
    return Committed(ref=frame.ref, conversation=conversation.id, seq=accepted.seq, receipt=receipt)


def _judge(unit: Unit, conversation: Conversation, asked: Asked[Commit], *, now: Millis) -> Accepted:
    state = unit.groups.get(conversation.key)
    assert state is not None, "a conversation that is not closed has its group"
    group, memory = PublicGroup.from_bytes(state.public), parse_group_memory(state.memory)
    verdict = judge_commit(group, asked.frame.commit, trust=believed(unit), memory=memory, now=now)
    if verdict.committer != asked.by.device:
        raise NotFound("another device's commit")
    _check_welcome(verdict, asked.frame.welcome)
    return Accepted(
        conversation=conversation,
        asked=asked,
        verdict=verdict,
        before=group,
        after=group.advance(verdict.commit),
        memory=memory.after(verdict),
        now=now,
    )


def _check_welcome(verdict: Verdict, welcome: bytes | None) -> None:
    """T23: exactly the newcomers are welcomed; who was added without a Welcome could never read."""
    if (welcome is None) != (not verdict.added):
        raise BadFrame("a Welcome belongs to an Add")
    if welcome is None:
        return
    added = {each.key_package.reference() for each in verdict.commit.proposals if isinstance(each, Add)}
    if {each.newcomer for each in parse_welcome(welcome).secrets} != added:
        raise Inconsistent("a Welcome for others than those added")


def _receipt(unit: Unit, accepted: Accepted, *, signer: Signer) -> bytes | None:
    signed = accepted.verdict.note.decision
    if signed is None:
        return None
    name = accepted.conversation.id
    return record_decision(unit, "admission", name, signed=signed, now=accepted.now, signer=signer)


def _deliver(unit: Unit, accepted: Accepted) -> None:
    unit.mail.append(_envelope(accepted, accepted.asked.frame.commit))
    for seq, newcomer in enumerate(accepted.verdict.added, start=accepted.seq + 1):
        welcome = _envelope(accepted, _bundle(accepted))
        unit.mail.append(replace(welcome, kind="welcome", seq=seq, recipient=newcomer.device))


def _envelope(accepted: Accepted, body: bytes) -> StoredEnvelope:
    frame = accepted.asked.frame
    return StoredEnvelope(
        conversation=accepted.conversation.key,
        seq=accepted.seq,
        group=frame.group,
        epoch=frame.epoch,
        kind="commit",
        sender=accepted.asked.by.device,
        number=0,
        posted_at=accepted.now,
        expires_at=Millis(accepted.now + ENVELOPE_LIFE_MS),
        recipient=None,
        body=body,
    )


def _bundle(accepted: Accepted) -> bytes:
    frame = accepted.asked.frame
    assert frame.welcome is not None, "checked with the verdict"
    interim = accepted.before.interim_transcript_hash
    body = encode_claims(WelcomeBundle(welcome=frame.welcome, commit=frame.commit, interim_hash=interim))
    if len(body) > COMMIT_BYTES:
        raise TooLarge("commit and Welcome together")
    return body


def _keep(unit: Unit, accepted: Accepted) -> None:
    before, verdict, seq = accepted.conversation, accepted.verdict, accepted.seq
    after = replace(
        after_commit(before, verdict, accepted.memory, seq=seq, now=accepted.now),
        head=seq + len(verdict.added),
        epoch=accepted.after.epoch,
        committed_at=Millis(verdict.note.committed_at),
        active_at=accepted.now,
    )
    unit.mail.keep(after)
    public, memory = accepted.after.to_bytes(), accepted.memory.to_bytes()
    unit.groups.put(GroupState(conversation=after.key, group=after.group, public=public, memory=memory))
    if after.proposed is None:
        unit.offers.remove(after.key)
    told = before.readers() | after.readers() | ({before.proposed} if before.proposed else frozenset())
    unit.ring(look_at(after.id, told))
    if before.stage is not after.stage:
        unit.ring(Rings(desks=frozenset({after.desk})))
