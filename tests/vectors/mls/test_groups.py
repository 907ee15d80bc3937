from __future__ import annotations

import os
from dataclasses import dataclass

import pytest
from tests.vectors.mls.official import Vector, items, number, objects, raw, vectors

from sotto_keys.device.mls.hpke import key_pair
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.own_key_package import OwnKeyPackage
from sotto_keys.device.mls.path_secrets import climb, create_path, node_key_pair, open_path
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.standalone_proposals import receive_proposal
from sotto_keys.shared.mls.codec import read_whole
from sotto_keys.shared.mls.commit import Commit, UpdatePath
from sotto_keys.shared.mls.crypto_labels import CIPHER_SUITE
from sotto_keys.shared.mls.group_context import GroupContext
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.mls.provisional import Provisional
from sotto_keys.shared.mls.psk_id import ExternalPsk, ResumptionPsk
from sotto_keys.shared.mls.staging import Staged, merge_path, path_steps
from sotto_keys.shared.mls.tree import RatchetTree
from sotto_keys.shared.mls.tree_hash import tree_hash


@dataclass(frozen=True, slots=True)
class Scene:
    """The group of one `treekem` vector."""

    tree: RatchetTree
    context: GroupContext
    node_keys: dict[int, dict[int, SecretBytes]]
    signing_keys: dict[int, SecretBytes]

    @property
    def change(self) -> Provisional:
        return Provisional(self.tree, (), (), (), (), needs_path=True)


def scene(vector: Vector) -> Scene:
    tree = read_whole(raw(vector, "ratchet_tree"), RatchetTree.read)
    epoch, confirmed = number(vector, "epoch"), raw(vector, "confirmed_transcript_hash")
    context = GroupContext(CIPHER_SUITE, raw(vector, "group_id"), epoch, tree_hash(tree), confirmed, ())
    node_keys: dict[int, dict[int, SecretBytes]] = {}
    for leaf in objects(vector, "leaves_private"):
        index = number(leaf, "index")
        keys = {2 * index: SecretBytes(raw(leaf, "encryption_priv"))}
        for each in objects(leaf, "path_secrets"):
            keys[number(each, "node")] = node_key_pair(SecretBytes(raw(each, "path_secret"))).private
        node_keys[index] = keys
    seeds = {
        number(each, "index"): SecretBytes(raw(each, "signature_priv")) for each in objects(vector, "leaves_private")
    }
    return Scene(tree, context, node_keys, seeds)


def staged(found: Scene, path: UpdatePath, *, sender: int) -> Staged:
    """The vectors seal under the same epoch number, which no real commit does."""
    steps = path_steps(found.change, sender)
    tree = merge_path(found.tree, path, steps=steps, committer=sender, group_id=found.context.group_id)
    sealed_under = GroupContext(
        CIPHER_SUITE,
        found.context.group_id,
        found.context.epoch,
        tree_hash(tree),
        found.context.confirmed_transcript_hash,
        (),
    )
    return Staged(sender, Commit((), path), found.change, steps, tree, sealed_under, sealed_under)


def test_private_keys_fit_the_official_trees() -> None:
    for vector in vectors("treekem"):
        found = scene(vector)
        for keys in found.node_keys.values():
            for node, key in keys.items():
                content = found.tree.nodes[node]
                assert content is not None
                assert content.encryption_key == key_pair(key).public


def test_official_paths_give_everybody_the_official_secrets() -> None:
    for vector in vectors("treekem"):
        found = scene(vector)
        for case in objects(vector, "update_paths"):
            sender, path = number(case, "sender"), read_whole(raw(case, "update_path"), UpdatePath.read)
            after = staged(found, path, sender=sender)
            assert tree_hash(after.tree) == raw(case, "tree_hash_after")
            for leaf, secret in enumerate(items(case, "path_secrets")):
                if not isinstance(secret, str):
                    continue
                keys, commit_secret = open_path(after, path, own_leaf=leaf, node_keys=found.node_keys[leaf])
                assert commit_secret == raw(case, "commit_secret")
                ladder = climb(SecretBytes(bytes.fromhex(secret)), len(keys))
                assert [node_key_pair(each).private for each in ladder.secrets] == list(keys.values())


def test_our_own_paths_give_everybody_the_same_commit_secret() -> None:
    for vector in vectors("treekem"):
        found = scene(vector)
        earlier = GroupContext(
            CIPHER_SUITE,
            found.context.group_id,
            found.context.epoch - 1,
            found.context.tree_hash,
            found.context.confirmed_transcript_hash,
            (),
        )
        for sender, signing_key in found.signing_keys.items():
            old = found.tree.leaf(sender)
            assert old is not None
            made = create_path(
                found.change, old, own_leaf=sender, signing_key=signing_key, context=earlier, entropy=os.urandom
            )
            after = staged(found, made.path, sender=sender)
            for leaf, keys in found.node_keys.items():
                if leaf != sender:
                    assert open_path(after, made.path, own_leaf=leaf, node_keys=keys)[1] == made.commit_secret


@pytest.mark.parametrize("name", ["passive-client-welcome", "passive-client-handling-commit"])
def test_a_passive_client_follows_the_official_groups(name: str) -> None:
    for vector in vectors(name):
        follow(vector)


def follow(vector: Vector) -> None:
    package = parse_key_package(raw(vector, "key_package"))
    own = OwnKeyPackage(package, SecretBytes(raw(vector, "init_priv")), SecretBytes(raw(vector, "encryption_priv")))
    assert key_pair(own.init_key).public == package.init_key
    psks: dict[ExternalPsk | ResumptionPsk, SecretBytes] = {
        ExternalPsk(raw(each, "psk_id")): SecretBytes(raw(each, "psk")) for each in objects(vector, "external_psks")
    }
    tree = None if vector["ratchet_tree"] is None else read_whole(raw(vector, "ratchet_tree"), RatchetTree.read)
    seed = SecretBytes(raw(vector, "signature_priv"))
    member = join(raw(vector, "welcome"), own, signing_key=seed, psks=psks, tree=tree)
    assert member.epoch_authenticator == raw(vector, "initial_epoch_authenticator")
    for epoch in objects(vector, "epochs"):
        psks[ResumptionPsk(1, member.group_id, member.epoch)] = member.secrets.resumption_psk
        proposals = [bytes.fromhex(str(each)) for each in items(epoch, "proposals")]
        earlier = dict(receive_proposal(member, each) for each in proposals)
        after = process_commit(member, raw(epoch, "commit"), earlier=earlier, psks=psks).member
        assert after is not None
        assert after.epoch_authenticator == raw(epoch, "epoch_authenticator")
        member = after
