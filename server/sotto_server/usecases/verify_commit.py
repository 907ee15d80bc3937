"""Judge a commit before the committer: a few milliseconds of signatures and hashes that must not hold up everybody's messages."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from sotto_keys.shared.mls.commit_gate import judge_commit
from sotto_keys.shared.mls.group_memory import GroupMemory, parse_group_memory
from sotto_keys.shared.mls.proposals import Add
from sotto_keys.shared.mls.public_group import PublicGroup
from sotto_keys.shared.mls.welcome import parse_welcome
from sotto_keys.shared.untrusted import Inconsistent
from sotto_server.usecases.believed import believed
from sotto_server.usecases.finding import conversation_of
from sotto_wire.ids import Digest, Millis
from sotto_wire.refusals import BadFrame, NotFound, StaleEpoch
from sotto_wire.stages import Act

if TYPE_CHECKING:
    from sotto_keys.shared.mls.verdict import Verdict
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.ledger import Change
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_wire.frames import Commit


@dataclass(frozen=True, slots=True)
class Judged:
    """An allowed and well-made commit, and the group it leads to. Holds for one epoch, of which there is one state."""

    verdict: Verdict
    before: PublicGroup
    after: PublicGroup
    memory: GroupMemory
    trust_version: int


@dataclass(frozen=True, slots=True)
class VerifiedCommit:
    """A frame and what was found of it; nothing found where it is a repeat, which only needs its first answer."""

    asked: Asked[Commit]
    digest: Digest
    judged: Judged | None


def verify_commit(unit: Unit, asked: Asked[Commit], /, *, now: Millis) -> VerifiedCommit:
    """A query. Refuses as the gate does, and with `NotFound`, `WrongStage`, `StaleEpoch`; `Untrusted` where it is not well made."""
    frame = asked.frame
    conversation = conversation_of(unit, frame.conversation)
    conversation.speaker(asked.by.device)
    digest = Digest(sha256(frame.commit).digest())
    known = change_of(unit, conversation, frame)
    if known is not None and (known.device, known.digest) == (asked.by.device, digest):
        return VerifiedCommit(asked=asked, digest=digest, judged=None)
    conversation = next_for(conversation, frame, known=known)
    return VerifiedCommit(asked=asked, digest=digest, judged=_judge(unit, asked, conversation=conversation, now=now))


def change_of(unit: Unit, conversation: Conversation, frame: Commit) -> Change | None:
    """The commit that won this epoch, if one did."""
    return unit.changes.get(conversation.key, frame.group, frame.epoch)


def next_for(conversation: Conversation, frame: Commit, *, known: Change | None) -> Conversation:
    """The conversation, if this commit can be its next. T21: of two for one epoch the later one finds the epoch over."""
    after = conversation.after(Act.COMMIT)
    if known is not None or (frame.group, frame.epoch) != (after.group, after.epoch):
        raise StaleEpoch(f"{frame.group}/{frame.epoch}")
    return after


def still_judged(unit: Unit, verified: VerifiedCommit, *, conversation: Conversation, now: Millis) -> Judged:
    """What was found, if it still holds; else it is judged anew. T32: trust may have moved since."""
    judged = verified.judged
    if judged is not None and judged.trust_version == believed(unit).trust.version:
        return judged
    return _judge(unit, verified.asked, conversation=conversation, now=now)


def _judge(unit: Unit, asked: Asked[Commit], *, conversation: Conversation, now: Millis) -> Judged:
    state = unit.groups.get(conversation.key)
    assert state is not None, "a conversation that is not closed has its group"
    group, memory, trust = PublicGroup.from_bytes(state.public), parse_group_memory(state.memory), believed(unit)
    verdict = judge_commit(group, asked.frame.commit, trust=trust, memory=memory, now=now)
    if verdict.committer != asked.by.device:
        raise NotFound("another device's commit")
    _check_welcome(verdict, asked.frame.welcome)
    return Judged(
        verdict=verdict,
        before=group,
        after=group.advance(verdict.commit),
        memory=memory.after(verdict),
        trust_version=trust.trust.version,
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
