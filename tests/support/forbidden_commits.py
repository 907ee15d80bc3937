"""What the closed list forbids an agent (docs/protocol.md 3.1), row by row: each a commit that is well signed, and its one refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
from tests.support.mls_room import agent_identity, forge, package_of, seed_of
from tests.support.relay_members import put_on_offer
from tests.support.relay_world import NOW, Dice
from tests.support.rogue_member import Made, a_note
from tests.vectors.trust_world import credential, credential_document, key

from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.device.mls.signing import sign_with_label
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import DECISION_TYPE, sign_compact
from sotto_keys.shared.mls.crypto_labels import KEY_PACKAGE_TBS, LEAF_NODE_TBS
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.leaf_node import basic_credential
from sotto_keys.shared.mls.proposals import (
    Add,
    ProposalReference,
)
from sotto_keys.shared.text_forms import digest_of
from sotto_wire.claims import DecisionClaims
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.ids import DeviceKey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.rogue_member import RogueMember, Scene

    from sotto_keys.device.mls.committing import PendingCommit
    from sotto_keys.shared.mls.commit import UpdatePath
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.mls.leaf_node import LeafNode
    from sotto_keys.shared.mls.proposals import Proposal
    from sotto_keys.shared.strict_json import Json
    from sotto_wire.claims import GroupTerms, Signed

    Row = Callable[[Scene], Awaitable[Made]]

CUSTOMER_LEAF: Final = 0


def package(identity: bytes, *, of: str = "ben", now: int = NOW, days: int = 7) -> KeyPackage:
    """A device's key package under any identity."""
    return package_of(of, identity, now=now, days=days, entropy=Dice(f"package of {of}")).public


def colleague(name: str = "ben", **changes: Json) -> KeyPackage:
    """A key package of another device of the organisation; `changes` to its credential."""
    return package(agent_identity(name, **changes), of=name)


def made(pending: PendingCommit) -> Made:
    return Made(pending.message, pending.welcome)


def adds(what: Callable[[], KeyPackage]) -> Row:
    """An Add under the decision that admits the desk."""

    async def row(scene: Scene) -> Made:
        rogue = scene.rogue
        return made(rogue.commit(a_note(decision=rogue.start), add=[what()]))

    return row


def adds_under(decision: Callable[[Scene], Signed | None]) -> Row:
    """An Add of an honest colleague under another decision."""

    async def row(scene: Scene) -> Made:
        return made(scene.rogue.commit(a_note(decision=decision(scene)), add=[colleague()]))

    return row


def forged(*proposals: Callable[[RogueMember], Proposal | ProposalReference]) -> Row:
    """What the rogue's own library refuses to make."""

    async def row(scene: Scene) -> Made:
        rogue = scene.rogue
        named = [each(rogue) for each in proposals]
        return Made(forge(rogue.member, a_note(), named, entropy=rogue.device.dice), is_forged=True)

    return row


def forged_path(change: Callable[[RogueMember, UpdatePath], UpdatePath | None]) -> Row:
    """A path that is not what a library makes."""

    async def row(scene: Scene) -> Made:
        rogue = scene.rogue
        message = forge(
            rogue.member, a_note(), [], entropy=rogue.device.dice, change_path=lambda path: change(rogue, path)
        )
        return Made(message, is_forged=True)

    return row


def sets_terms(change: Callable[[GroupTerms], GroupTerms]) -> Row:
    async def row(scene: Scene) -> Made:
        terms = change(read_terms(scene.rogue.member.group.extensions))
        return made(scene.rogue.commit(extensions=group_extensions(encode_claims(terms))))

    return row


# decisions


def of_the_customer(scene: Scene, **changes: object) -> Signed:
    """Truly signed by the customer key."""
    claims = msgspec.structs.replace(decode_claims(scene.rogue.start.claims, DecisionClaims), **changes)
    return sign_decision(claims, scene.customer._begin.key)


def forged_decision(scene: Scene) -> Signed:
    return sign_compact(DECISION_TYPE, scene.rogue.start.claims, signer=scene.rogue.device.key)


async def adds_under_a_withdrawn_decision(scene: Scene) -> Made:
    second, guest = of_the_customer(scene, nonce=bytes(16)), colleague("cara")
    await stand(scene, [scene.rogue.start, second], fresh=second, add=guest)
    await stand(scene, [scene.rogue.start], fresh=None, remove=guest)
    return made(scene.rogue.commit(a_note(decision=second), add=[colleague()]))


async def stand(
    scene: Scene,
    decisions: list[Signed],
    *,
    fresh: Signed | None,
    add: KeyPackage | None = None,
    remove: KeyPackage | None = None,
) -> None:
    """The customer changes which of its decisions stand, with whom a fresh one lets in."""
    conversation = scene.customer.conversation
    terms = msgspec.structs.replace(conversation.terms, standing=[digest_of(each.claims) for each in decisions])
    extensions = group_extensions(encode_claims(terms))
    by_customer = replace(scene.rogue, member=conversation.member)
    leaf = None if remove is None else conversation.member.group.find(remove.leaf.signature_key)
    await scene.customer_commits(
        by_customer.commit(
            a_note(decision=fresh),
            add=[] if add is None else [add],
            remove=[] if leaf is None else [leaf],
            extensions=extensions,
        )
    )


async def calls_somebody(scene: Scene) -> Made:
    """Whom the customer alone may let in because nobody was there."""
    rogue = scene.rogue
    on_call = colleague(roles=["agent", "on_call"])
    return made(rogue.commit(a_note(decision=rogue.start, on_call=1), add=[on_call]))


async def says_on_call_for_nobody(scene: Scene) -> Made:
    return made(scene.rogue.commit(a_note(on_call=1)))


# what takes more than one step


async def adds_a_revoked_colleague(scene: Scene) -> Made:
    await scene.revoke("ben-1")
    return await adds(colleague)(scene)


async def adds_two_at_once(scene: Scene) -> Made:
    rogue = scene.rogue
    return made(rogue.commit(a_note(decision=rogue.start), add=[colleague("ben"), colleague("cleo")]))


async def removes_the_customer(scene: Scene) -> Made:
    return made(scene.rogue.commit(remove=[CUSTOMER_LEAF]))


async def hand_over(scene: Scene) -> None:
    """Lawful: the rogue lets a colleague in, who must now put it out."""
    rogue = scene.rogue
    offered = (rogue.conversation, DeviceKey(key("ben").public))
    await scene.running.relay.committer.submit(put_on_offer, offered, NOW)
    await rogue.commits(rogue.commit(a_note(decision=rogue.start), add=[colleague()]))
    await scene.customer.until(lambda conversation: conversation.member.epoch == rogue.member.epoch)


async def puts_the_newcomer_out(scene: Scene) -> Made:
    await hand_over(scene)
    found = scene.rogue.member.group.find(key("ben").public)
    assert found is not None
    return made(scene.rogue.commit(remove=[found]))


async def goes_on_during_a_handoff(scene: Scene) -> Made:
    await hand_over(scene)
    return made(scene.rogue.commit())


async def adds_another_during_a_handoff(scene: Scene) -> Made:
    await hand_over(scene)
    return made(scene.rogue.commit(a_note(decision=scene.rogue.start), add=[colleague("cleo")]))


async def sends_a_second_path_too_soon(scene: Scene) -> Made:
    await scene.rogue.commits(scene.rogue.commit())
    await scene.customer.until(lambda conversation: conversation.member.epoch == scene.rogue.member.epoch)
    return made(scene.rogue.commit(a_note(committed_at=NOW + 60_000)))


async def commits_in_the_past(scene: Scene) -> Made:
    return made(scene.rogue.commit(a_note(committed_at=NOW - 1)))


async def changes_its_name(scene: Scene) -> Made:
    rogue = scene.rogue
    identity = credential(credential_document(rogue.device.device, cred_id="device-ana-1", name="The Boss"))
    face = replace(own_leaf(rogue), credential=basic_credential(identity))
    tree = rogue.member.group.tree.with_nodes([(2 * rogue.member.own_leaf, face)])
    convinced = replace(rogue.member, group=replace(rogue.member.group, tree=tree))
    return made(rogue.commit(as_member=convinced))


def own_leaf(rogue: RogueMember) -> LeafNode:
    leaf = rogue.member.group.leaf(rogue.member.own_leaf)
    assert leaf is not None
    return leaf


def customers_key(rogue: RogueMember) -> bytes:
    leaf = rogue.member.group.leaf(CUSTOMER_LEAF)
    assert leaf is not None
    return leaf.encryption_key


def copied_key(rogue: RogueMember) -> Proposal:
    """A colleague's key package, well signed, with the customer's own encryption key."""
    honest, seed = colleague(), seed_of("ben")
    leaf = replace(honest.leaf, encryption_key=customers_key(rogue))
    content = leaf.to_be_signed(group_id=b"", leaf_index=0)
    copied = replace(honest, leaf=leaf.with_signature(sign_with_label(seed, LEAF_NODE_TBS, content)))
    return Add(copied.with_signature(sign_with_label(seed, KEY_PACKAGE_TBS, copied.to_be_signed())))


def with_leaf(path: UpdatePath, **changes: object) -> UpdatePath:
    return replace(path, leaf=replace(path.leaf, **changes))  # type: ignore[arg-type] # any field of a leaf
