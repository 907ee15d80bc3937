from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.mls.cast import TERMS, a_device, a_group, follow, joined, unsafe_for_tests_entropy

from sotto_keys.device.mls.committing import PendingCommit, adopt_commit, create_commit
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.device.mls.hpke import encrypt_with_label
from sotto_keys.device.mls.path_secrets import LABEL, open_path
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.mls.public_messages import protect_public, unprotect_public
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.signing import sign_content, sign_with_label
from sotto_keys.device.mls.standalone_proposals import receive_proposal
from sotto_keys.device.mls.stored_member import member_from_bytes, member_to_bytes, pending_from_bytes, pending_to_bytes
from sotto_keys.shared.mls.codec import read_whole
from sotto_keys.shared.mls.commit import Commit, UpdatePath
from sotto_keys.shared.mls.crypto_labels import LEAF_NODE_TBS
from sotto_keys.shared.mls.extensions import LAST_RESORT, Extension
from sotto_keys.shared.mls.framing import (
    PUBLIC_MESSAGE,
    AuthenticatedContent,
    Content,
    FramedContent,
    Sender,
    SenderType,
)
from sotto_keys.shared.mls.leaf_node import LeafSource
from sotto_keys.shared.mls.parsed_commit import parse_commit, read_public_message
from sotto_keys.shared.mls.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ProposalReference,
    ReInit,
    Remove,
    Update,
)
from sotto_keys.shared.mls.provisional import Sourced
from sotto_keys.shared.mls.psk_id import ExternalPsk, PskId
from sotto_keys.shared.untrusted import BadSignature, Forked, Inconsistent, Malformed, Unreadable, Untrusted

if TYPE_CHECKING:
    from sotto_keys.device.mls.member import Member

ENTROPY = unsafe_for_tests_entropy(41)
ALICE, BOB, CAROL = a_group(3, ENTROPY)
DAVE = a_device(ENTROPY, "dave")


def signed(member: Member, content: Content) -> AuthenticatedContent:
    sender = Sender(SenderType.MEMBER, member.own_leaf)
    framed = FramedContent(member.group_id, member.epoch, sender, b"", content)
    context = member.group.context
    made = sign_content(member.signing_key, framed, wire_format=PUBLIC_MESSAGE, context=context)
    return replace(made, confirmation_tag=bytes(32)) if isinstance(content, Commit) else made


def sent(member: Member, content: Content) -> bytes:
    """A handshake message of a member, signed and tagged, whatever it says."""
    key, context = member.secrets.membership_key, member.group.context
    return protect_public(signed(member, content), membership_key=key, context=context).to_message()


def path_of(pending: PendingCommit) -> UpdatePath:
    path = parse_commit(pending.message).path
    assert path is not None
    return path


EMPTY = create_commit(ALICE, authenticated_data=b"", entropy=ENTROPY)
PATH = path_of(EMPTY)


def test_all_kinds_of_changes_travel_in_one_commit() -> None:
    pending = create_commit(
        ALICE,
        authenticated_data=b"note",
        entropy=ENTROPY,
        add=[DAVE.package.public],
        remove=[1],
        extensions=group_extensions(b"other"),
    )
    carol, dave = follow(CAROL, pending), joined(pending, DAVE)
    alice = adopt_commit(ALICE, pending)
    assert alice.group == carol.group == dave.group
    assert alice.export("words", b"", length=16) == dave.export("words", b"", length=16)
    assert alice.group.terms == b"other"


def test_a_removed_member_learns_it_even_when_its_number_is_taken_again() -> None:
    pending = create_commit(ALICE, authenticated_data=b"", entropy=ENTROPY, add=[DAVE.package.public], remove=[1])
    processed = process_commit(BOB, pending.message)
    assert processed.member is None
    assert processed.staged.change.added == processed.staged.change.removed == (1,)


def test_a_lost_commit_is_dropped_and_the_winner_followed() -> None:
    winner = create_commit(BOB, authenticated_data=b"", entropy=ENTROPY)
    lost = create_commit(ALICE, authenticated_data=b"", entropy=ENTROPY, remove=[2])
    alice = follow(ALICE, winner)
    assert alice.epoch_authenticator == adopt_commit(BOB, winner).epoch_authenticator
    with pytest.raises(Forked):
        adopt_commit(alice, lost)


def test_a_commit_made_in_another_history_is_not_adopted() -> None:
    here = adopt_commit(ALICE, create_commit(ALICE, authenticated_data=b"", entropy=ENTROPY))
    there = adopt_commit(ALICE, create_commit(ALICE, authenticated_data=b"", entropy=ENTROPY))
    with pytest.raises(Forked):
        adopt_commit(here, create_commit(there, authenticated_data=b"", entropy=ENTROPY))


def test_a_path_leaf_has_the_face_of_the_leaf_it_replaces() -> None:
    old, new = BOB.group.leaf(1), path_of(create_commit(BOB, authenticated_data=b"", entropy=ENTROPY)).leaf
    assert old is not None
    assert (new.signature_key, new.credential, new.capabilities, new.extensions) == (
        old.signature_key,
        old.credential,
        old.capabilities,
        old.extensions,
    )
    assert new.encryption_key != old.encryption_key
    assert (new.source, new.lifetime) == (LeafSource.COMMIT, None)


def test_a_member_and_its_pending_commit_are_stored_and_read_back() -> None:
    assert member_from_bytes(member_to_bytes(BOB)) == BOB
    pending = create_commit(BOB, authenticated_data=b"", entropy=ENTROPY, add=[DAVE.package.public])
    assert pending_from_bytes(pending_to_bytes(pending)) == pending
    assert pending_from_bytes(pending_to_bytes(EMPTY)) == EMPTY


def test_a_member_stored_in_another_form_is_refused() -> None:
    for stored, read in ((member_to_bytes(BOB), member_from_bytes), (pending_to_bytes(EMPTY), pending_from_bytes)):
        with pytest.raises(Malformed):
            read(b"\x07" + stored[1:])


def test_secrets_do_not_show() -> None:
    shown = repr(BOB) + repr(EMPTY)
    assert "‹secret›" in shown
    assert repr(bytes(BOB.secrets.init)) not in shown
    assert repr(bytes(EMPTY.secrets.init)) not in shown


def test_ones_own_commit_is_adopted_and_never_processed() -> None:
    with pytest.raises(Forked):
        process_commit(ALICE, EMPTY.message)


def test_a_commit_of_another_epoch_is_forked() -> None:
    with pytest.raises(Forked):
        process_commit(follow(BOB, EMPTY), EMPTY.message)


def test_a_commit_by_someone_who_is_not_in_the_group_has_no_membership_tag() -> None:
    message = bytearray(EMPTY.message)
    message[-1] ^= 1
    with pytest.raises(BadSignature):
        process_commit(BOB, bytes(message))


def test_a_commit_with_a_wrong_confirmation_tag_is_refused() -> None:
    with pytest.raises(BadSignature):
        process_commit(BOB, sent(ALICE, Commit((), PATH)))


def test_application_data_in_the_clear_is_refused() -> None:
    public = read_whole(EMPTY.message, read_public_message)
    plain = replace(public.authenticated, framed=replace(public.authenticated.framed, content=b"hello"))
    key, context = BOB.secrets.membership_key, BOB.group.context
    for message in (replace(public, authenticated=plain), replace(public, membership_tag=None)):
        with pytest.raises(Inconsistent):
            unprotect_public(message, membership_key=key, context=context)


REFUSED: list[tuple[str, tuple[Proposal | ProposalReference, ...]]] = [
    ("ReInit", (ReInit(b"next", 1, 3, ()),)),
    ("ExternalInit", (ExternalInit(b"kem"),)),
    ("extensions twice", (GroupContextExtensions(()), GroupContextExtensions(()))),
    ("removes itself", (Remove(0),)),
    ("removes one twice", (Remove(1), Remove(1))),
    ("removes nobody", (Remove(3),)),
    ("removes far away", (Remove(2**32 - 1),)),
    ("adds one twice", (Add(DAVE.package.public), Add(DAVE.package.public))),
    ("a short nonce", (PreSharedKey(PskId(ExternalPsk(b"id"), b"short")),)),
    ("one key twice", (PreSharedKey(PskId(ExternalPsk(b"id"), bytes(32))),) * 2),
    ("a key we lack", (PreSharedKey(PskId(ExternalPsk(b"id"), bytes(32))),)),
    ("an unknown reference", (ProposalReference(bytes(32)),)),
    ("updates itself", (Update(PATH.leaf),)),
    ("asks what nobody can", (GroupContextExtensions((Extension(LAST_RESORT, b""),)),)),
]


@pytest.mark.parametrize("proposals", [each for _, each in REFUSED], ids=[name for name, _ in REFUSED])
def test_a_list_of_proposals_that_makes_no_sense_is_refused(
    proposals: tuple[Proposal | ProposalReference, ...],
) -> None:
    with pytest.raises(Untrusted):
        process_commit(BOB, sent(ALICE, Commit(proposals, PATH)))


def test_a_member_cannot_be_added_again() -> None:
    pending = create_commit(ALICE, authenticated_data=b"", entropy=ENTROPY, add=[DAVE.package.public])
    with pytest.raises(Inconsistent):
        create_commit(adopt_commit(ALICE, pending), authenticated_data=b"", entropy=ENTROPY, add=[DAVE.package.public])


@pytest.mark.parametrize("proposals", [(), (Remove(2),), (GroupContextExtensions(group_extensions(TERMS)),)])
def test_a_commit_that_needs_a_path_has_one(proposals: tuple[Proposal, ...]) -> None:
    with pytest.raises(Inconsistent):
        process_commit(BOB, sent(ALICE, Commit(proposals, None)))


def test_an_add_alone_needs_no_path_for_the_public_group() -> None:
    message = sent(ALICE, Commit((Add(DAVE.package.public),), None))
    after = ALICE.group.advance(parse_commit(message))
    assert len(after.roster()) == 4
    with pytest.raises(BadSignature):  # its confirmation tag is made up
        process_commit(BOB, message)


def resigned(path: UpdatePath, **changes: object) -> UpdatePath:
    """The path with another leaf, correctly signed by Alice."""
    leaf = replace(path.leaf, **changes)  # type: ignore[arg-type]
    content = leaf.to_be_signed(group_id=ALICE.group_id, leaf_index=0)
    return replace(path, leaf=leaf.with_signature(sign_with_label(ALICE.signing_key, LEAF_NODE_TBS, content)))


def key_of(member: Member, index: int) -> bytes:
    leaf = member.group.leaf(index)
    assert leaf is not None
    return leaf.encryption_key


BAD_PATHS: list[tuple[str, UpdatePath]] = [
    ("a node too few", replace(PATH, nodes=PATH.nodes[:-1])),
    ("a node too many", replace(PATH, nodes=(*PATH.nodes, PATH.nodes[-1]))),
    ("a ciphertext too few", replace(PATH, nodes=(replace(PATH.nodes[0], sealed=()), *PATH.nodes[1:]))),
    ("a key of another", resigned(PATH, encryption_key=key_of(ALICE, 1))),
    ("its own old key", resigned(PATH, encryption_key=key_of(ALICE, 0))),
    ("a key twice", resigned(PATH, encryption_key=PATH.nodes[0].encryption_key)),
    ("another parent hash", resigned(PATH, parent_hash=bytes(32))),
    ("another source", resigned(PATH, source=LeafSource.UPDATE)),
    (
        "a node's key changed",
        replace(PATH, nodes=(replace(PATH.nodes[0], encryption_key=bytes(31) + b"\x09"), *PATH.nodes[1:])),
    ),
    ("a leaf not signed", replace(PATH, leaf=PATH.leaf.with_signature(bytes(64)))),
]


@pytest.mark.parametrize("path", [each for _, each in BAD_PATHS], ids=[name for name, _ in BAD_PATHS])
def test_a_path_that_does_not_fit_the_tree_is_refused_by_relay_and_member(path: UpdatePath) -> None:
    message = sent(ALICE, Commit((), path))
    with pytest.raises(Untrusted):
        ALICE.group.advance(parse_commit(message))
    with pytest.raises(Untrusted):
        process_commit(BOB, message)


def with_another_secret_for_bob() -> UpdatePath:
    """Alice's path with a secret for Bob that is sealed properly and is not the one of the tree."""
    staged = ALICE.group.preview(parse_commit(EMPTY.message))
    context = staged.provisional.encode()
    sealed = encrypt_with_label(key_of(ALICE, 1), LABEL, context=context, content=bytes(32), entropy=ENTROPY)
    return replace(PATH, nodes=(replace(PATH.nodes[0], sealed=(sealed,)), *PATH.nodes[1:]))


def test_a_path_secret_that_does_not_give_the_nodes_key_is_refused() -> None:
    with pytest.raises(Inconsistent):
        process_commit(BOB, sent(ALICE, Commit((), with_another_secret_for_bob())))


def test_a_path_secret_sealed_to_somebody_else_is_unreadable() -> None:
    step = PATH.nodes[0]
    sealed = replace(step.sealed[0], ciphertext=bytes(48))
    with pytest.raises(Unreadable):
        process_commit(
            BOB, sent(ALICE, Commit((), replace(PATH, nodes=(replace(step, sealed=(sealed,)), *PATH.nodes[1:]))))
        )


def test_a_path_without_a_secret_for_us_is_refused() -> None:
    staged = ALICE.group.preview(parse_commit(EMPTY.message))
    with pytest.raises(Inconsistent):
        open_path(staged, PATH, own_leaf=0, node_keys=ALICE.node_keys)
    with pytest.raises(Inconsistent):
        open_path(staged, PATH, own_leaf=1, node_keys={})


def an_update(member: Member, **changes: object) -> Update:
    old = member.group.leaf(member.own_leaf)
    assert old is not None
    fresh = {"encryption_key": ENTROPY(32), "source": LeafSource.UPDATE, "lifetime": None, "parent_hash": b""}
    leaf = replace(old, **{**fresh, **changes})  # type: ignore[arg-type]
    content = leaf.to_be_signed(group_id=member.group_id, leaf_index=member.own_leaf)
    return Update(leaf.with_signature(sign_with_label(member.signing_key, LEAF_NODE_TBS, content)))


def test_a_standalone_proposal_is_checked_and_found_by_its_reference() -> None:
    update = an_update(CAROL)
    reference, sourced = receive_proposal(BOB, sent(CAROL, update))
    assert sourced == Sourced(update, 2)
    assert len(reference) == 32
    commit = signed(ALICE, Commit((ProposalReference(reference),), None))
    with pytest.raises(Inconsistent):  # an Update needs a path
        BOB.group.stage(commit, earlier={reference: sourced})


def test_an_update_that_updates_nothing_is_refused() -> None:
    same = an_update(CAROL, encryption_key=CAROL.group.leaf(2).encryption_key)  # type: ignore[union-attr]
    other_source = an_update(CAROL, source=LeafSource.COMMIT)
    for update in (same, other_source):
        commit = signed(ALICE, Commit((ProposalReference(b"ref"),), PATH))
        with pytest.raises(Inconsistent):
            BOB.group.stage(commit, earlier={b"ref": Sourced(update, 2)})


def test_a_standalone_proposal_that_is_none_is_refused() -> None:
    with pytest.raises(Inconsistent):
        receive_proposal(BOB, EMPTY.message)
    with pytest.raises(Forked):
        receive_proposal(follow(BOB, EMPTY), sent(CAROL, Remove(1)))
    forged = replace(signed(CAROL, Remove(1)), signature=bytes(64))
    key, context = BOB.secrets.membership_key, BOB.group.context
    with pytest.raises(BadSignature):
        receive_proposal(BOB, protect_public(forged, membership_key=key, context=context).to_message())


def test_a_secret_is_bytes_to_the_code_and_a_blank_to_the_reader() -> None:
    assert SecretBytes(b"abc") == b"abc"
    assert f"{SecretBytes(b'abc')}" == "‹secret›"
