"""Following somebody else's commit (RFC 9420 §12.4.2). The commit gate has judged its bytes before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sotto_keys.device.mls.kdf import ZERO, check_tag
from sotto_keys.device.mls.key_schedule import epoch_after, joiner_secret
from sotto_keys.device.mls.path_secrets import open_path, surviving_keys
from sotto_keys.device.mls.psk import psk_secret
from sotto_keys.device.mls.public_messages import unprotect_public
from sotto_keys.device.mls.secret_tree import new_secret_tree
from sotto_keys.shared.mls.codec import read_whole
from sotto_keys.shared.mls.parsed_commit import read_public_message
from sotto_keys.shared.mls.public_group import adopt
from sotto_keys.shared.untrusted import Forked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.device.mls.member import Member
    from sotto_keys.device.mls.psk import Psks
    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_keys.shared.mls.provisional import Sourced
    from sotto_keys.shared.mls.staging import Staged


@dataclass(frozen=True, slots=True)
class Processed:
    """What a commit did."""

    member: Member | None
    """We in the new epoch; none when the commit removes us."""
    staged: Staged
    """Who committed, who was added (`change.added`) and removed (`change.removed`), the new roster."""


def process_commit(
    member: Member, message: bytes, *, earlier: Mapping[bytes, Sourced] | None = None, psks: Psks | None = None
) -> Processed:
    """Follow a commit of another member (an MLSMessage with a PublicMessage). `member` stays as it is.

    `earlier` (proposals by reference) and `psks` are for groups that are not Sotto's. Refuses with `Malformed`,
    `Forked`, `BadSignature`, `Inconsistent` or `Unreadable`. Our own commit is not processed but adopted.
    """
    public = read_whole(message, read_public_message)
    framed = public.authenticated.framed
    if (framed.group_id, framed.epoch) != (member.group_id, member.epoch):
        raise Forked("a commit of another group or epoch")
    context = member.group.context
    commit = unprotect_public(public, membership_key=member.secrets.membership_key, context=context)
    staged = member.group.stage(commit, earlier=earlier or {})
    if staged.committer == member.own_leaf:
        raise Forked("a commit in our own name that we do not have pending")
    if member.own_leaf in staged.change.removed:
        # The leaf number may belong to a newcomer already: only the Remove tells.
        return Processed(None, staged)
    assert commit.confirmation_tag is not None, "a commit was read with its tag"
    after = _enter(member, staged, confirmation_tag=commit.confirmation_tag, psks=psks or {})
    return Processed(after, staged)


def _enter(member: Member, staged: Staged, *, confirmation_tag: bytes, psks: Psks) -> Member:
    keys, commit_secret = _keys_after(member, staged)
    joiner = joiner_secret(member.secrets.init, commit_secret, context=staged.context)
    epoch = epoch_after(joiner, psk_secret(staged.change.psks, psks), context=staged.context)
    confirmed = staged.context.confirmed_transcript_hash
    check_tag(epoch.secrets.confirmation_key, confirmed, found=confirmation_tag)
    return replace(
        member,
        group=adopt(staged, confirmation_tag=confirmation_tag),
        node_keys=keys,
        secrets=epoch.secrets,
        tree=new_secret_tree(epoch.encryption, width=staged.tree.width),
        past=member.message_keys(),
    )


def _keys_after(member: Member, staged: Staged) -> tuple[dict[int, SecretBytes], SecretBytes]:
    before = member.group.tree
    kept = surviving_keys(member.node_keys, before=before, after=staged.tree)
    if staged.commit.path is None:
        return kept, ZERO
    usable = surviving_keys(member.node_keys, before=before, after=staged.change.tree)
    learned, commit_secret = open_path(staged, staged.commit.path, own_leaf=member.own_leaf, node_keys=usable)
    return kept | learned, commit_secret
