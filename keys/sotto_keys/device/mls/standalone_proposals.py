"""Proposals sent on their own (RFC 9420 §12.1). Sotto's gate refuses them; the official vectors refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.device.mls.public_messages import unprotect_public
from sotto_keys.shared.mls.codec import read_whole
from sotto_keys.shared.mls.commit import Commit
from sotto_keys.shared.mls.parsed_commit import read_public_message
from sotto_keys.shared.mls.provisional import Sourced
from sotto_keys.shared.untrusted import Forked, Inconsistent

if TYPE_CHECKING:
    from sotto_keys.device.mls.member import Member


def receive_proposal(member: Member, message: bytes) -> tuple[bytes, Sourced]:
    """Reference and content of a member's proposal (an MLSMessage with a PublicMessage), checked.

    Refuses with `Malformed`, `Forked`, `BadSignature` or `Inconsistent`.
    """
    public = read_whole(message, read_public_message)
    context = member.group.context
    framed = public.authenticated.framed
    if (framed.group_id, framed.epoch) != (context.group_id, context.epoch):
        raise Forked("a proposal of another group or epoch")
    authenticated = unprotect_public(public, membership_key=member.secrets.membership_key, context=context)
    proposer = member.group.leaf(framed.sender.index)
    if proposer is None or isinstance(framed.content, bytes | Commit):
        raise Inconsistent("not a proposal of a member")
    authenticated.verify(signature_key=proposer.signature_key, context=context)
    return authenticated.proposal_reference(), Sourced(framed.content, framed.sender.index)
