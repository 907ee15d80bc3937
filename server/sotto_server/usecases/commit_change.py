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
from sotto_wire.ids import DeviceKey, Digest, Millis
from sotto_wire.limits import COMMIT_BYTES, ENVELOPE_LIFE_MS, MAILBOX_ENVELOPES
from sotto_wire.refusals import BadFrame, MailboxFull, NotFound, StaleEpoch, TooLarge
from sotto_wire.stages import Act, Stage

if TYPE_CHECKING:
    from sotto_keys.shared.mls.verdict import Verdict
    from sotto_keys.shared.secret import Signer
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit


@dataclass(frozen=True, slots=True)
class Judged:
    """An allowed and well-made commit, and the group it leads to."""

    verdict: Verdict
    before: PublicGroup
    after: PublicGroup
    memory: GroupMemory


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
    judged = _judge(unit, conversation, asked, now=now)
    return _keep(unit, conversation, asked, judged=judged, digest=digest, now=now, signer=signer)


def _judge(unit: Unit, conversation: Conversation, asked: Asked[Commit], *, now: Millis) -> Judged:
    state = unit.groups.get(conversation.key)
    assert state is not None, "a conversation that is not closed has its group"
    group, memory = PublicGroup.from_bytes(state.public), parse_group_memory(state.memory)
    verdict = judge_commit(group, asked.frame.commit, trust=believed(unit), memory=memory, now=now)
    if verdict.committer != asked.by.device:
        raise NotFound("another device's commit")
    _check_welcome(verdict, asked.frame.welcome)
    return Judged(verdict=verdict, before=group, after=group.advance(verdict.commit), memory=memory.after(verdict))


def _check_welcome(verdict: Verdict, welcome: bytes | None) -> None:
    """T23: exactly the newcomers are welcomed; who was added without a Welcome could never read."""
    if (welcome is None) != (not verdict.added):
        raise BadFrame("a Welcome belongs to an Add")
    if welcome is None:
        return
    added = {each.key_package.reference() for each in verdict.commit.proposals if isinstance(each, Add)}
    if {each.newcomer for each in parse_welcome(welcome).secrets} != added:
        raise Inconsistent("a Welcome for others than those added")


def _keep(
    unit: Unit,
    conversation: Conversation,
    asked: Asked[Commit],
    *,
    judged: Judged,
    digest: Digest,
    now: Millis,
    signer: Signer,
) -> Committed:
    frame, verdict = asked.frame, judged.verdict
    seq = conversation.head + 1
    receipt = None
    if verdict.decision is not None and verdict.note.decision is not None:
        signed = verdict.note.decision
        receipt = record_decision(unit, "admission", conversation.id, signed=signed, now=now, signer=signer)
    unit.mail.append(_envelope(conversation, frame, seq=seq, kind="commit", body=frame.commit, by=asked, now=now))
    newcomers = [each.device for each in verdict.added]
    for place, newcomer in enumerate(newcomers, start=seq + 1):
        body = _bundle(frame, judged)
        welcome = _envelope(conversation, frame, seq=place, kind="welcome", body=body, by=asked, now=now)
        unit.mail.append(replace(welcome, recipient=newcomer))
    after = replace(
        after_commit(conversation, verdict, judged.memory, seq=seq, now=now),
        head=seq + len(newcomers),
        epoch=judged.after.epoch,
        committed_at=Millis(verdict.note.committed_at),
        active_at=now,
    )
    unit.mail.keep(after)
    unit.groups.put(
        GroupState(
            conversation=after.key,
            group=after.group,
            public=judged.after.to_bytes(),
            memory=judged.memory.to_bytes(),
        )
    )
    unit.changes.add(
        Change(
            conversation=after.key,
            group=frame.group,
            epoch=frame.epoch,
            device=asked.by.device,
            digest=digest,
            seq=seq,
            receipt=receipt,
        )
    )
    if after.proposed is None:
        unit.offers.remove(after.key)
    _announce(unit, conversation, after)
    return Committed(ref=frame.ref, conversation=after.id, seq=seq, receipt=receipt)


def _bundle(frame: Commit, judged: Judged) -> bytes:
    assert frame.welcome is not None, "checked with the verdict"
    interim = judged.before.interim_transcript_hash
    body = encode_claims(WelcomeBundle(welcome=frame.welcome, commit=frame.commit, interim_hash=interim))
    if len(body) > COMMIT_BYTES:
        raise TooLarge("commit and Welcome together")
    return body


def _envelope(
    conversation: Conversation, frame: Commit, *, seq: int, kind: str, body: bytes, by: Asked[Commit], now: Millis
) -> StoredEnvelope:
    return StoredEnvelope(
        conversation=conversation.key,
        seq=seq,
        group=frame.group,
        epoch=frame.epoch,
        kind="welcome" if kind == "welcome" else "commit",
        sender=DeviceKey(by.by.device),
        number=0,
        posted_at=now,
        expires_at=Millis(now + ENVELOPE_LIFE_MS),
        recipient=None,
        body=body,
    )


def _announce(unit: Unit, before: Conversation, after: Conversation) -> None:
    told = before.readers() | after.readers() | ({before.proposed} if before.proposed else frozenset())
    unit.ring(look_at(after.id, told))
    if before.stage is not after.stage or Stage.WAITING in (before.stage, after.stage):
        unit.ring(Rings(desks=frozenset({after.desk})))
