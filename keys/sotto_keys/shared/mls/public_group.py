"""The public half of a group: all of its state that a relay may know, and the first half of what a member knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.mls.codec import Reader, opaque, read_whole, uint8
from sotto_keys.shared.mls.crypto_labels import CIPHER_SUITE, HASH_BYTES
from sotto_keys.shared.mls.extensions import EXTERNAL_PUB, GROUP_TERMS, RATCHET_TREE, Extensions, find_extension
from sotto_keys.shared.mls.group_context import GroupContext, GroupInfo, parse_group_info, verify_group_info
from sotto_keys.shared.mls.staging import Staged, stage
from sotto_keys.shared.mls.transcript import interim_transcript_hash
from sotto_keys.shared.mls.tree import RatchetTree
from sotto_keys.shared.mls.tree_checks import check_tree
from sotto_keys.shared.mls.tree_hash import tree_hash
from sotto_keys.shared.untrusted import Inconsistent, Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.shared.mls.framing import AuthenticatedContent
    from sotto_keys.shared.mls.leaf_node import LeafNode
    from sotto_keys.shared.mls.parsed_commit import ParsedCommit
    from sotto_keys.shared.mls.provisional import Sourced

STORED_FORM: Final = 1


@dataclass(frozen=True, slots=True)
class PublicGroup:
    """A group in one epoch. A value: `advance` returns the next one and leaves this one as it is."""

    tree: RatchetTree
    context: GroupContext
    confirmation_tag: bytes

    @property
    def group_id(self) -> bytes:
        """The MLS group id."""
        return self.context.group_id

    @property
    def epoch(self) -> int:
        """The current epoch."""
        return self.context.epoch

    @property
    def extensions(self) -> Extensions:
        """The extensions of the group context."""
        return self.context.extensions

    @property
    def terms(self) -> bytes | None:
        """Content of Sotto's own group-context extension."""
        return find_extension(self.context.extensions, GROUP_TERMS)

    @property
    def confirmed_transcript_hash(self) -> bytes:
        """Empty in epoch 0, then 32 bytes."""
        return self.context.confirmed_transcript_hash

    @property
    def interim_transcript_hash(self) -> bytes:
        """32 bytes, in epoch 0 too."""
        return interim_transcript_hash(self.context.confirmed_transcript_hash, self.confirmation_tag)

    def roster(self) -> tuple[tuple[int, LeafNode], ...]:
        """Number and leaf of everybody who can read, by number."""
        return tuple(self.tree.leaves())

    def leaf(self, index: int) -> LeafNode | None:
        """The leaf with this number; none when blank or beyond the tree."""
        return self.tree.leaf(index)

    def find(self, signature_key: bytes) -> int | None:
        """The leaf number of a device, by its signature key."""
        return next((index for index, leaf in self.tree.leaves() if leaf.signature_key == signature_key), None)

    def stage(self, commit: AuthenticatedContent, *, earlier: Mapping[bytes, Sourced]) -> Staged:
        """Check and apply a commit without adopting it; for members, who have more to check."""
        interim = self.interim_transcript_hash
        return stage(self.tree, self.context, interim=interim, commit=commit, earlier=earlier)

    def preview(self, commit: ParsedCommit) -> Staged:
        """What `advance` would do: roster, newcomers and context after the commit. Refuses as `advance` does."""
        return self.stage(commit.authenticated, earlier={})

    def advance(self, commit: ParsedCommit) -> PublicGroup:
        """The group after a commit whose proposals are all inline.

        Checked: group, epoch, signature, proposal list, key packages (but not their time), path length, ciphertext
        counts, parent hash, unique keys, abilities. Refuses with `Forked`, `BadSignature`, `Inconsistent`, `Malformed`.
        """
        return adopt(self.preview(commit), confirmation_tag=commit.confirmation_tag)

    def to_bytes(self) -> bytes:
        """For storage."""
        return (
            uint8(STORED_FORM)
            + opaque(self.context.encode())
            + opaque(self.tree.encode())
            + opaque(self.confirmation_tag)
        )

    @classmethod
    def from_bytes(cls, stored: bytes) -> PublicGroup:
        """What `to_bytes` wrote. Refuses damage (`Malformed`, `Inconsistent`), but trusts its store: no signature is checked."""
        return read_whole(stored, _read_stored)


def adopt(staged: Staged, *, confirmation_tag: bytes) -> PublicGroup:
    """The group of the new epoch."""
    return PublicGroup(staged.tree, staged.context, confirmation_tag)


def _read_stored(reader: Reader) -> PublicGroup:
    if reader.uint8() != STORED_FORM:
        raise Malformed("a stored group of another form")
    context = read_whole(reader.opaque(), GroupContext.read)
    group = PublicGroup(read_whole(reader.opaque(), RatchetTree.read), context, reader.opaque())
    if tree_hash(group.tree) != context.tree_hash:
        raise Inconsistent("a stored group whose tree is not its own")
    return group


def tree_of(info: GroupInfo) -> RatchetTree:
    """The tree in the `ratchet_tree` extension; `Malformed` when it is absent."""
    content = find_extension(info.extensions, RATCHET_TREE)
    if content is None:
        raise Malformed("a GroupInfo without its tree")
    return read_whole(content, RatchetTree.read)


def verify_group(info: GroupInfo, tree: RatchetTree) -> PublicGroup:
    """A group from a GroupInfo of any epoch and its tree (§12.4.3.1). `BadSignature`, `Inconsistent` or `Malformed`.

    The confirmation tag takes a secret to check: a newcomer does it, the relay has to believe it.
    """
    signer = tree.leaf(info.signer)
    if signer is None or info.context.cipher_suite != CIPHER_SUITE:
        raise Inconsistent("a GroupInfo signed by nobody, or of another suite")
    verify_group_info(info, signer_key=signer.signature_key)
    if tree_hash(tree) != info.context.tree_hash:
        raise Inconsistent("a GroupInfo with another tree")
    check_tree(tree, group_id=info.context.group_id, extensions=info.context.extensions)
    return PublicGroup(tree, info.context, info.confirmation_tag)


def start_public_group(message: bytes) -> PublicGroup:
    """The group that a customer's device opens: epoch 0, one leaf, `ratchet_tree`, no `external_pub` anywhere.

    `message` is the MLSMessage with the GroupInfo. Refuses with `Malformed`, `BadSignature` or `Inconsistent`.
    """
    info = parse_group_info(message)
    for extensions in (info.extensions, info.context.extensions):
        if find_extension(extensions, EXTERNAL_PUB) is not None:
            # Who has external_pub can let itself in without a decision.
            raise Inconsistent("a GroupInfo that invites external commits")
    tree = tree_of(info)
    is_new = info.context.epoch == 0 and not info.context.confirmed_transcript_hash
    if not is_new or tree.width != 1 or len(info.confirmation_tag) != HASH_BYTES:
        raise Inconsistent("not a group in its first epoch")
    return verify_group(info, tree)
