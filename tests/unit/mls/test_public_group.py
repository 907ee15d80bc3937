from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.mls.cast import GROUP, TERMS, a_creator, a_device, a_group, unsafe_for_tests_entropy

from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.device.mls.signing import sign_with_label
from sotto_keys.shared.mls.codec import opaque, read_whole
from sotto_keys.shared.mls.crypto_labels import GROUP_INFO_TBS
from sotto_keys.shared.mls.extensions import EXTERNAL_PUB, RATCHET_TREE, Extension
from sotto_keys.shared.mls.framing import Sender, SenderType
from sotto_keys.shared.mls.group_context import GroupContext, GroupInfo, parse_group_info
from sotto_keys.shared.mls.parsed_commit import ParsedCommit, parse_commit, read_public_message
from sotto_keys.shared.mls.proposals import Remove
from sotto_keys.shared.mls.public_group import PublicGroup, start_public_group, tree_of, verify_group
from sotto_keys.shared.mls.tree import ParentNode
from sotto_keys.shared.mls.tree_hash import tree_hash
from sotto_keys.shared.untrusted import BadSignature, Forked, Inconsistent, Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_keys.device.mls.member import Member

ENTROPY = unsafe_for_tests_entropy(21)
CREATOR = a_creator(ENTROPY)
TRIO = a_group(3, ENTROPY)


def info_with(change: Callable[[GroupInfo], GroupInfo], *, member: Member = CREATOR) -> bytes:
    """A changed GroupInfo, correctly signed all the same."""
    info = change(member.group_info())
    return info.with_signature(sign_with_label(member.signing_key, GROUP_INFO_TBS, info.to_be_signed())).to_message()


def inviting(info: GroupInfo) -> GroupInfo:
    return replace(info, extensions=(*info.extensions, Extension(EXTERNAL_PUB, opaque(bytes(32)))))


def inviting_inside(info: GroupInfo) -> GroupInfo:
    context = info.context
    extensions = (*context.extensions, Extension(EXTERNAL_PUB, opaque(bytes(32))))
    return replace(info, context=replace(context, extensions=extensions))


def test_the_relay_starts_from_the_customers_group_info() -> None:
    group = start_public_group(CREATOR.group_info().to_message())
    assert group == CREATOR.group
    assert (group.group_id, group.epoch, group.terms) == (GROUP, 0, TERMS)
    assert [index for index, _ in group.roster()] == [0]
    assert group.find(CREATOR.group.tree.leaf(0).signature_key) == 0  # type: ignore[union-attr]
    assert group.find(bytes(32)) is None
    assert group.confirmed_transcript_hash == b""
    assert len(group.interim_transcript_hash) == 32


@pytest.mark.parametrize("change", [inviting, inviting_inside])
def test_a_group_that_invites_external_commits_is_refused(change: Callable[[GroupInfo], GroupInfo]) -> None:
    with pytest.raises(Inconsistent):
        start_public_group(info_with(change))


def test_a_group_info_without_its_tree_is_refused() -> None:
    with pytest.raises(Malformed):
        start_public_group(info_with(lambda info: replace(info, extensions=())))


@pytest.mark.parametrize(
    "change",
    [
        lambda info: replace(info, signer=1),
        lambda info: replace(info, confirmation_tag=b"short"),
        lambda info: replace(info, context=replace(info.context, tree_hash=bytes(32))),
        lambda info: replace(info, context=replace(info.context, epoch=1)),
        lambda info: replace(info, context=replace(info.context, confirmed_transcript_hash=bytes(32))),
        lambda info: replace(
            info, extensions=(Extension(RATCHET_TREE, TRIO[0].group.tree.encode()),), context=info.context
        ),
    ],
)
def test_a_group_info_that_is_not_of_a_new_group_is_refused(change: Callable[[GroupInfo], GroupInfo]) -> None:
    with pytest.raises(Inconsistent):
        start_public_group(info_with(change))


def test_a_group_of_another_suite_or_version_is_refused() -> None:
    with pytest.raises(Malformed):
        parse_group_info(info_with(lambda info: replace(info, context=replace(info.context, cipher_suite=1))))
    with pytest.raises(Malformed):
        read_whole(b"\x00\x02" + CREATOR.group.context.encode()[2:], GroupContext.read)
    with pytest.raises(Malformed):
        parse_group_info(b"\x00\x01\x00\x05" + CREATOR.group_info().encode())


def test_a_group_info_signed_by_somebody_else_is_refused() -> None:
    with pytest.raises(BadSignature):
        start_public_group(CREATOR.group_info().with_signature(bytes(64)).to_message())


def test_a_later_group_info_verifies_for_newcomers_only() -> None:
    info = parse_group_info(TRIO[1].group_info().to_message())
    assert verify_group(info, tree_of(info)) == TRIO[1].group
    with pytest.raises(Inconsistent):
        start_public_group(TRIO[1].group_info().to_message())


def test_a_newcomer_refuses_a_tree_with_a_node_that_no_member_set() -> None:
    """T: a member that invites somebody into a tree of which it knows a secret that it should not."""
    tree = TRIO[1].group.tree
    forged = tree.with_nodes([(1, ParentNode(ENTROPY(32), b"", ()))])

    def change(info: GroupInfo) -> GroupInfo:
        return replace(info, context=replace(info.context, tree_hash=tree_hash(forged)))

    info = parse_group_info(info_with(change, member=TRIO[1]))
    with pytest.raises(Inconsistent):
        verify_group(info, forged)


def test_the_relay_follows_a_commit_and_shows_what_it_would_do() -> None:
    device = a_device(ENTROPY, "newcomer")
    new_terms = group_extensions(b"other terms")
    pending = create_commit(
        TRIO[0],
        authenticated_data=b"note",
        entropy=ENTROPY,
        add=[device.package.public],
        remove=[1],
        extensions=new_terms,
    )
    commit = parse_commit(pending.message)
    preview = TRIO[0].group.preview(commit)
    assert (preview.committer, preview.change.added, preview.change.removed) == (0, (1,), (1,))
    after = TRIO[0].group.advance(commit)
    assert after == pending.group
    assert (after.epoch, after.terms, after.extensions) == (TRIO[0].epoch + 1, b"other terms", new_terms)
    assert after.leaf(1) == device.package.public.leaf
    assert (commit.group_id, commit.epoch, commit.authenticated_data) == (GROUP, TRIO[0].epoch, b"note")
    assert len(commit.proposals) == 3
    assert commit.path is not None
    assert len(commit.path.keys()) == len(commit.path.nodes) + 1
    assert len(commit.signature) == 64
    assert commit.confirmed_after(TRIO[0].group.interim_transcript_hash) == after.confirmed_transcript_hash


def a_commit() -> ParsedCommit:
    return parse_commit(create_commit(TRIO[0], authenticated_data=b"", entropy=ENTROPY, remove=[2]).message)


def test_a_commit_of_another_epoch_or_group_is_forked() -> None:
    with pytest.raises(Forked):
        TRIO[0].group.advance(a_commit()).advance(a_commit())
    with pytest.raises(Forked):
        CREATOR.group.advance(a_commit())


def test_a_commit_signed_by_another_member_is_refused() -> None:
    commit = a_commit()
    framed = replace(commit.framed, sender=Sender(SenderType.MEMBER, 1))
    with pytest.raises(BadSignature):
        TRIO[0].group.advance(replace(commit, authenticated=replace(commit.authenticated, framed=framed)))


@pytest.mark.parametrize("sender", [Sender(SenderType.MEMBER, 3), Sender(SenderType.NEW_MEMBER_COMMIT)])
def test_a_commit_of_nobody_is_refused(sender: Sender) -> None:
    commit = a_commit()
    framed = replace(commit.framed, sender=sender)
    with pytest.raises(Inconsistent):
        TRIO[0].group.advance(replace(commit, authenticated=replace(commit.authenticated, framed=framed)))


def test_only_a_members_commit_parses_as_one() -> None:
    message = create_commit(TRIO[0], authenticated_data=b"", entropy=ENTROPY).message
    public = read_whole(message, read_public_message)
    authenticated = public.authenticated
    outside = replace(authenticated, framed=replace(authenticated.framed, sender=Sender(SenderType.NEW_MEMBER_COMMIT)))
    proposal = replace(authenticated, framed=replace(authenticated.framed, content=Remove(1)), confirmation_tag=None)
    for other in (
        replace(public, authenticated=outside, membership_tag=None),
        replace(public, authenticated=proposal),
        replace(public, membership_tag=b"short"),
        replace(public, authenticated=replace(authenticated, confirmation_tag=b"short")),
    ):
        with pytest.raises(Malformed):
            parse_commit(other.to_message())
    with pytest.raises(Malformed):
        parse_commit(b"\x00\x01\x00\x02" + message[4:])


def test_a_stored_group_is_read_back() -> None:
    assert PublicGroup.from_bytes(TRIO[0].group.to_bytes()) == TRIO[0].group


def test_a_stored_group_of_another_form_or_with_another_tree_is_refused() -> None:
    with pytest.raises(Malformed):
        PublicGroup.from_bytes(b"\x02" + TRIO[0].group.to_bytes()[1:])
    with pytest.raises(Inconsistent):
        PublicGroup.from_bytes(replace(TRIO[0].group, tree=CREATOR.group.tree).to_bytes())
