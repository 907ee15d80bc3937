"""What the commit gate must know and MLS does not hold: who let whom in, last paths, the open handoff. A value, kept beside the group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta

from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.claims import Bytes32, DecisionClaims, Time
from sotto_wire.codec import encode_claims
from sotto_wire.limits import STANDING_ADMISSIONS

if TYPE_CHECKING:
    from sotto_keys.shared.mls.verdict import Verdict

PATH_EVERY_MS: Final = 10 * 60 * 1000
"""A path costs every member work; agents get one after joining and then one each ten minutes."""
HANDOFF_MS: Final = 10 * 60 * 1000
"""A newcomer that never comes must not hold the desk's side of a conversation for ever."""


class Admitted(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A member that somebody let in, as far as we were there."""

    device: Bytes32
    by: Bytes32
    """The device that committed the Add."""
    under: Bytes32
    """Digest of the decision the Add relied on."""
    is_team: bool
    """That decision admits a desk's agents, not one device."""
    path_at: Time | None
    """`committed_at` of its last path; none since joining."""
    on_call: Literal[0, 1] = 0
    """Let in because nobody was there, and has not answered: its first commit makes it the one who does."""


class Handoff(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """An agent let another in, and is still there."""

    adder: Bytes32
    newcomer: Bytes32
    opened_at: Time


class GroupMemory(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Begins with the group (`judge_opening`) or, for a newcomer, with the commit that added it (`judge_welcome`)."""

    committed_at: Time
    """Of the last accepted commit; none may be dated before it."""
    is_whole: bool
    """From the group's beginning. Where it is not, a fact older than this memory is left to those who were there."""
    decisions: Annotated[list[DecisionClaims], Meta(max_length=STANDING_ADMISSIONS)]
    """The standing decisions whose text we have."""
    members: list[Admitted]
    handoff: Handoff | None

    def decision(self, digest: bytes) -> DecisionClaims | None:
        """The standing decision of that name."""
        return next((each for each in self.decisions if digest_of(encode_claims(each)) == digest), None)

    def member(self, device: bytes) -> Admitted | None:
        """How this device came in."""
        return next((each for each in self.members if each.device == device), None)

    def may_write(self, device: bytes) -> bool:
        """Between an agent's Add and the newcomer's Remove of it, neither of the two writes: nobody knows yet who answers."""
        return self.handoff is None or device not in (self.handoff.adder, self.handoff.newcomer)

    def may_send_path(self, device: bytes, *, at: int) -> bool:
        """An empty path: once after joining, and then when the last path is ten minutes old."""
        known = self.member(device)
        return known is None or known.path_at is None or at - known.path_at >= PATH_EVERY_MS

    def after(self, verdict: Verdict) -> GroupMemory:
        """The memory once this commit was accepted."""
        standing = set(verdict.terms.standing)
        known = [*self.decisions, *([verdict.decision.claims] if verdict.decision else [])]
        kept = {digest_of(encode_claims(each)): each for each in known}
        members = [_after_path(each, verdict) for each in self.members if each.device not in verdict.removed]
        return GroupMemory(
            committed_at=verdict.note.committed_at,
            is_whole=self.is_whole,
            decisions=[each for digest, each in kept.items() if digest in standing],
            members=[*members, *_newcomers(verdict)],
            handoff=_handoff_after(self.handoff, verdict),
        )

    def to_bytes(self) -> bytes:
        """For storage."""
        return msgspec.msgpack.encode(self)


def parse_group_memory(stored: bytes) -> GroupMemory:
    """What `to_bytes` wrote, or `Malformed`."""
    try:
        return msgspec.msgpack.decode(stored, type=GroupMemory)
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None


def _after_path(member: Admitted, verdict: Verdict) -> Admitted:
    if member.device != verdict.committer:
        return member
    return msgspec.structs.replace(member, path_at=verdict.note.committed_at, on_call=0)


def _newcomers(verdict: Verdict) -> list[Admitted]:
    return [
        Admitted(
            device=each.device,
            by=verdict.committer,
            under=each.under,
            is_team=each.is_team,
            path_at=None,
            on_call=verdict.note.on_call,
        )
        for each in verdict.added
    ]


def _handoff_after(handoff: Handoff | None, verdict: Verdict) -> Handoff | None:
    if verdict.added and not verdict.by_customer:
        newcomer = verdict.added[0].device
        return Handoff(adder=verdict.committer, newcomer=newcomer, opened_at=verdict.note.committed_at)
    if handoff and {handoff.adder, handoff.newcomer} & set(verdict.removed):
        return None
    return handoff
