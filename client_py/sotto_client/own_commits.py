"""Commits of our own: made, judged by our own gate, and kept as pending until they come back in the relay's order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.shared.mls.commit_gate import judge_commit
from sotto_wire.claims import CommitNote
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from sotto_client.conversation import Conversation, Situation
    from sotto_keys.shared.mls.extensions import Extensions
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_wire.claims import Signed
    from sotto_wire.ids import Digest


@dataclass(frozen=True, slots=True)
class Grounds:
    """The standing decision that an Add relies on, with its bytes, for the newcomer to check."""

    relies_on: Digest | None
    """None: the decision itself says it."""
    decision: Signed


@dataclass(frozen=True, slots=True)
class Plan:
    """What a commit is to do; nothing at all is an empty path. `remove` holds leaf numbers."""

    add: tuple[KeyPackage, ...] = ()
    remove: tuple[int, ...] = ()
    grounds: Grounds | None = None
    on_call: bool = False
    """The Add lets in a device on call, because nobody is there."""
    standing: tuple[bytes, ...] | None = None
    """The standing list that the commit leaves; none where it stays."""


def with_commit(conversation: Conversation, plan: Plan, *, situation: Situation) -> Conversation:
    """The conversation with this commit pending. `Refused` or `Untrusted` where our own gate does not let it pass."""
    member, memory, grounds = conversation.member, conversation.memory, plan.grounds
    note = CommitNote(
        # Nobody may be locked out by a commit that was dated minutes ahead.
        committed_at=max(situation.now, memory.committed_at),
        relies_on=None if grounds is None else grounds.relies_on,
        decision=None if grounds is None else grounds.decision,
        trust_version=None,
        on_call=1 if plan.on_call else 0,
    )
    pending = create_commit(
        member,
        authenticated_data=encode_claims(note),
        entropy=situation.entropy,
        add=plan.add,
        remove=plan.remove,
        extensions=_extensions(conversation, plan),
    )
    judge_commit(member.group, pending.message, trust=situation.trust, memory=memory, now=None)
    return replace(conversation, pending=pending)


def _extensions(conversation: Conversation, plan: Plan) -> Extensions | None:
    if plan.standing is None:
        return None
    terms = msgspec.structs.replace(conversation.terms, standing=list(plan.standing))
    return group_extensions(encode_claims(terms))
