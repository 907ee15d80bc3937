from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.unit.mls.cast import GROUP, NOW, a_creator, a_device, a_group, unsafe_for_tests_entropy

from sotto_keys.device.mls.application_messages import decrypt, encrypt
from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.own_key_package import OwnKeyPackage
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.mls.public_messages import protect_public
from sotto_keys.device.mls.signing import sign_content
from sotto_keys.device.mls.stored_member import member_from_bytes, member_to_bytes
from sotto_keys.shared.mls.codec import read_whole
from sotto_keys.shared.mls.commit import Commit
from sotto_keys.shared.mls.framing import PUBLIC_MESSAGE, FramedContent, Sender, SenderType
from sotto_keys.shared.mls.group_context import parse_group_info
from sotto_keys.shared.mls.key_package import parse_key_package, verify_key_package
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.private_message import parse_application_message
from sotto_keys.shared.mls.public_group import PublicGroup, start_public_group
from sotto_keys.shared.mls.tree import RatchetTree
from sotto_keys.shared.mls.tree_checks import check_tree
from sotto_keys.shared.mls.welcome import parse_welcome
from sotto_keys.shared.untrusted import Untrusted

ENTROPY = unsafe_for_tests_entropy(61)
MUTATIONS = 400

CREATOR = a_creator(ENTROPY)
MEMBERS = a_group(5, ENTROPY)
DAVE = a_device(ENTROPY, "dave")
PENDING = create_commit(MEMBERS[0], authenticated_data=b"note", entropy=ENTROPY, add=[DAVE.package.public], remove=[3])
WELCOME = PENDING.welcome or b""
MESSAGE = encrypt(MEMBERS[0], b"hello", entropy=ENTROPY)[1]
TREE = PENDING.group.tree.encode()


def check_encoded_tree(content: bytes) -> None:
    tree = read_whole(content, RatchetTree.read)
    check_tree(tree, group_id=GROUP, extensions=PENDING.group.extensions)


Act = Callable[[bytes], object]

DOORS: dict[str, tuple[bytes, Act]] = {
    "key package": (
        DAVE.package.public.to_message(),
        lambda content: verify_key_package(parse_key_package(content), at=NOW),
    ),
    "commit, parsed": (PENDING.message, parse_commit),
    "commit, at the relay": (PENDING.message, lambda content: MEMBERS[0].group.advance(parse_commit(content))),
    "commit, at a member": (PENDING.message, lambda content: process_commit(MEMBERS[1], content)),
    "welcome, parsed": (WELCOME, parse_welcome),
    "welcome": (WELCOME, lambda content: join(content, DAVE.package, signing_key=DAVE.signing_key)),
    "group info, parsed": (CREATOR.group_info().to_message(), parse_group_info),
    "group info": (CREATOR.group_info().to_message(), start_public_group),
    "message, parsed": (MESSAGE, parse_application_message),
    "message": (MESSAGE, lambda content: decrypt(MEMBERS[1], content)),
    "tree": (TREE, check_encoded_tree),
    "stored group": (PENDING.group.to_bytes(), PublicGroup.from_bytes),
    "stored member": (member_to_bytes(MEMBERS[1]), member_from_bytes),
    "stored key package": (DAVE.package.to_bytes(), OwnKeyPackage.from_bytes),
}
MUST_REFUSE = {"key package", "commit, at the relay", "commit, at a member", "welcome", "group info", "message"}


def mutated(content: bytes, dice: random.Random) -> bytes:
    """The content with a few bytes changed, cut out, doubled, or its end lost."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 3)):
        place, length = dice.randrange(len(changed)), dice.randint(1, 8)
        match dice.randrange(5):
            case 0:
                changed[place] ^= 1 << dice.randrange(8)
            case 1:
                changed[place : place + length] = dice.randbytes(length)
            case 2:
                del changed[place : place + length]
            case 3:
                changed[place:place] = changed[place : place + length]
            case _:
                del changed[max(1, place) :]
        changed = changed or bytearray(b"\0")
    return bytes(changed)


@pytest.mark.parametrize("door", sorted(DOORS))
def test_mutated_bytes_raise_nothing_but_distrust(door: str) -> None:
    content, act = DOORS[door]
    act(content)
    dice = random.Random(door)  # noqa: S311 - a test that failed must fail again
    for _ in range(MUTATIONS):
        other = mutated(content, dice)
        try:
            act(other)
        except Untrusted:
            continue
        # A stored form or an unverified parse may survive a change; a checked message never does. The relay cannot
        # check the two tags that end a commit.
        survives = door not in MUST_REFUSE or (door == "commit, at the relay" and other[:-66] == content[:-66])
        assert survives or other == content


@pytest.mark.parametrize("door", sorted(DOORS))
def test_noise_raises_nothing_but_distrust(door: str) -> None:
    dice = random.Random(door)  # noqa: S311 - a test that failed must fail again
    for length in range(64):
        with pytest.raises(Untrusted):
            DOORS[door][1](dice.randbytes(length))


def test_a_commit_changed_before_it_was_signed_raises_nothing_but_distrust() -> None:
    """T: a member who signs whatever it likes; most changes get past the signature and into the tree."""
    alice, bob = MEMBERS[0], MEMBERS[1]
    content = parse_commit(PENDING.message).commit.encode()
    dice, key, context = random.Random(62), alice.secrets.membership_key, alice.group.context  # noqa: S311 - repeatable
    got_through = 0
    for _ in range(8 * MUTATIONS):
        try:
            commit = read_whole(mutated(content, dice), Commit.read)
        except Untrusted:
            continue
        framed = FramedContent(GROUP, alice.epoch, Sender(SenderType.MEMBER, 0), b"", commit)
        signed = sign_content(alice.signing_key, framed, wire_format=PUBLIC_MESSAGE, context=context)
        tagged = replace(signed, confirmation_tag=bytes(32))
        message = protect_public(tagged, membership_key=key, context=context).to_message()
        with pytest.raises(Untrusted):
            process_commit(bob, message)
        got_through += 1
    assert got_through > MUTATIONS
