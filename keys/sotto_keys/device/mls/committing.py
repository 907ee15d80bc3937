"""Making a commit, and adopting it once the relay has given it its place (RFC 9420 §12.4.1).

Whether a commit is one that Sotto allows is not asked here but by the commit gate, which sees its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sotto_keys.device.mls.kdf import ZERO
from sotto_keys.device.mls.key_schedule import EpochSecrets, epoch_after, joiner_secret
from sotto_keys.device.mls.member import Member
from sotto_keys.device.mls.path_secrets import NewPath, create_path, surviving_keys
from sotto_keys.device.mls.public_messages import protect_public
from sotto_keys.device.mls.secret_tree import SecretTree, new_secret_tree
from sotto_keys.device.mls.signing import sign_content
from sotto_keys.device.mls.welcome_secrets import Newcomer, create_welcome
from sotto_keys.shared.mls.commit import Commit
from sotto_keys.shared.mls.framing import PUBLIC_MESSAGE, FramedContent, Sender, SenderType
from sotto_keys.shared.mls.proposals import Add, GroupContextExtensions, Proposal, Remove
from sotto_keys.shared.mls.provisional import Sourced, apply_proposals
from sotto_keys.shared.mls.public_group import PublicGroup, adopt
from sotto_keys.shared.mls.tree_math import common_ancestor
from sotto_keys.shared.untrusted import Forked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sotto_keys.device.mls.hpke import Entropy
    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_keys.shared.mls.extensions import Extensions
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.mls.staging import Staged


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """A commit of ours that may win or lose. Store it before sending: without it our own commit cannot be adopted."""

    message: bytes
    """MLSMessage with the PublicMessage."""
    welcome: bytes | None
    """MLSMessage with the Welcome for all newcomers, when there are any."""
    before: bytes
    """Confirmed transcript hash of the epoch that it was made in."""
    group: PublicGroup
    node_keys: Mapping[int, SecretBytes]
    secrets: EpochSecrets
    tree: SecretTree


def create_commit(
    member: Member,
    *,
    authenticated_data: bytes,
    entropy: Entropy,
    add: Sequence[KeyPackage] = (),
    remove: Sequence[int] = (),
    extensions: Extensions | None = None,
) -> PendingCommit:
    """A commit with a path, and with any Adds, Removes (leaf numbers) and a new list of group-context extensions together.

    With none of them it is an empty path. The member stays as it is until `adopt_commit`. Refuses what would give an
    invalid group with `Inconsistent`, `Malformed` or `BadSignature`. Lifetimes are not looked at.
    """
    proposals: tuple[Proposal, ...] = (
        *(() if extensions is None else (GroupContextExtensions(extensions),)),
        *(Remove(each) for each in remove),
        *(Add(each) for each in add),
    )
    path = _own_path(member, proposals, entropy=entropy)
    sender = Sender(SenderType.MEMBER, member.own_leaf)
    commit = Commit(proposals, path.path)
    framed = FramedContent(member.group_id, member.epoch, sender, authenticated_data, commit)
    return _finish(member, framed, path=path, add=add, entropy=entropy)


def _own_path(member: Member, proposals: Sequence[Proposal], *, entropy: Entropy) -> NewPath:
    group = member.group
    change = apply_proposals(
        group.tree,
        group.extensions,
        proposals=[Sourced(each, member.own_leaf) for each in proposals],
        committer=member.own_leaf,
        group_id=group.group_id,
    )
    old = group.leaf(member.own_leaf)
    assert old is not None, "a member has a leaf"
    own_leaf, signing_key = member.own_leaf, member.signing_key
    return create_path(change, old, own_leaf=own_leaf, signing_key=signing_key, context=group.context, entropy=entropy)


def _finish(
    member: Member, framed: FramedContent, *, path: NewPath, add: Sequence[KeyPackage], entropy: Entropy
) -> PendingCommit:
    context = member.group.context
    signed = sign_content(member.signing_key, framed, wire_format=PUBLIC_MESSAGE, context=context)
    # Staging our own commit checks it as everybody else will.
    staged = member.group.stage(signed, earlier={})
    joiner = joiner_secret(member.secrets.init, path.commit_secret, context=staged.context)
    epoch = epoch_after(joiner, ZERO, context=staged.context)
    confirmation_tag = epoch.secrets.confirmation_tag(staged.context.confirmed_transcript_hash)
    message = protect_public(
        replace(signed, confirmation_tag=confirmation_tag),
        membership_key=member.secrets.membership_key,
        context=context,
    )
    keys = surviving_keys(member.node_keys, before=member.group.tree, after=staged.tree) | dict(path.node_keys)
    tree = new_secret_tree(epoch.encryption, width=staged.tree.width)
    group = adopt(staged, confirmation_tag=confirmation_tag)
    after = Member(group, member.own_leaf, member.signing_key, keys, epoch.secrets, tree, None)
    welcome = None
    if add:
        newcomers = _newcomers(staged, add, path=path)
        made = create_welcome(after.group_info(), newcomers, joiner=joiner, psk_secret=ZERO, entropy=entropy)
        welcome = made.to_message()
    return PendingCommit(
        message.to_message(), welcome, context.confirmed_transcript_hash, group, keys, epoch.secrets, tree
    )


def _newcomers(staged: Staged, add: Sequence[KeyPackage], *, path: NewPath) -> list[Newcomer]:
    return [
        Newcomer(package, path.path_secrets[common_ancestor(2 * leaf, 2 * staged.committer)])
        for package, leaf in zip(add, staged.change.added, strict=True)
    ]


def adopt_commit(member: Member, pending: PendingCommit) -> Member:
    """The member after its own commit has won. `Forked` when it was made in another epoch than the member is in."""
    after = pending.group
    if (after.group_id, after.epoch) != (member.group_id, member.epoch + 1):
        raise Forked("a commit made in another epoch")
    if pending.before != member.group.confirmed_transcript_hash:
        raise Forked("a commit made in another history")
    return replace(
        member,
        group=after,
        node_keys=pending.node_keys,
        secrets=pending.secrets,
        tree=pending.tree,
        past=member.message_keys(),
    )
