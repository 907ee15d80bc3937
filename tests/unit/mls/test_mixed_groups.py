from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.unit.mls.cast import Device, a_creator, a_device, joined, unsafe_for_tests_entropy

from sotto_keys.device.mls.application_messages import decrypt, encrypt
from sotto_keys.device.mls.committing import PendingCommit, adopt_commit, create_commit
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.mls.stored_member import member_from_bytes, member_to_bytes, pending_from_bytes, pending_to_bytes
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.public_group import PublicGroup, start_public_group

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.mls.key_package import KeyPackage

LARGEST = 8
STEPS = 24


@dataclass
class World:
    """A group, its members, and a relay that follows the public half."""

    dice: random.Random
    entropy: Callable[[int], bytes]
    members: dict[int, Member] = field(default_factory=dict)
    relay: PublicGroup | None = None

    def open(self) -> None:
        creator = a_creator(self.entropy)
        self.members = {0: creator}
        self.relay = start_public_group(creator.group_info().to_message())

    def step(self) -> None:
        committer = self.members[self.dice.choice(sorted(self.members))]
        others = [leaf for leaf in self.members if leaf != committer.own_leaf]
        room = LARGEST - len(self.members)
        remove = self.dice.sample(others, self.dice.randint(0, min(2, len(others)))) if self.dice.random() < 0.5 else []
        count = self.dice.randint(0, min(2, room)) if self.dice.random() < 0.7 else 0
        devices = [a_device(self.entropy, f"device {self.dice.random()}") for _ in range(count)]
        terms = self.dice.randbytes(8) if self.dice.random() < 0.3 else None
        pending = create_commit(
            committer,
            authenticated_data=self.dice.randbytes(self.dice.randint(0, 40)),
            entropy=self.entropy,
            add=[each.package.public for each in devices],
            remove=remove,
            extensions=None if terms is None else group_extensions(terms),
        )
        self.win(committer, pending_from_bytes(pending_to_bytes(pending)), devices=devices)

    def win(self, committer: Member, pending: PendingCommit, *, devices: list[Device]) -> None:
        assert self.relay is not None
        parsed = parse_commit(pending.message)
        before = self.relay
        self.relay = PublicGroup.from_bytes(before.advance(parsed).to_bytes())
        members: dict[int, Member] = {}
        for leaf, member in self.members.items():
            is_own = leaf == committer.own_leaf
            after = adopt_commit(member, pending) if is_own else process_commit(member, pending.message).member
            if after is not None:
                members[leaf] = member_from_bytes(member_to_bytes(after))
        for device in devices:
            newcomer = joined(pending, device)
            assert parsed.confirmed_after(before.interim_transcript_hash) == newcomer.group.confirmed_transcript_hash
            members[newcomer.own_leaf] = newcomer
        self.members = members

    def agree(self) -> None:
        assert self.relay is not None
        assert {each.epoch_authenticator for each in self.members.values()} == {
            next(iter(self.members.values())).epoch_authenticator
        }
        assert all(each.group == self.relay for each in self.members.values())
        assert sorted(self.members) == [leaf for leaf, _ in self.relay.roster()]

    def talk(self) -> None:
        writer = self.dice.choice(sorted(self.members))
        content = self.dice.randbytes(self.dice.randint(0, 400))
        self.members[writer], message = encrypt(self.members[writer], content, entropy=self.entropy)
        for leaf in self.members:
            if leaf != writer:
                self.members[leaf], opened = decrypt(self.members[leaf], message)
                assert (opened.sender, opened.content) == (writer, content)


@pytest.mark.parametrize("seed", range(12))
def test_a_mixed_group_stays_in_step_with_its_relay_at_every_epoch(seed: int) -> None:
    world = World(random.Random(seed), unsafe_for_tests_entropy(seed))  # noqa: S311 - reproducible on purpose
    world.open()
    for _ in range(STEPS):
        world.step()
        world.agree()
        world.talk()


def test_the_second_newcomer_after_a_remove_of_five_can_join() -> None:
    """The tree that `ts-mls` 1.6.4 refuses: one of five is removed, two are added."""
    entropy = unsafe_for_tests_entropy(99)
    world = World(random.Random(99), entropy)  # noqa: S311 - reproducible on purpose
    world.open()

    def commit(by: int, *, devices: list[Device], remove: list[int]) -> None:
        add: list[KeyPackage] = [each.package.public for each in devices]
        made = create_commit(world.members[by], authenticated_data=b"", entropy=entropy, add=add, remove=remove)
        world.win(world.members[by], made, devices=devices)
        world.agree()
        world.talk()

    for number in range(4):
        commit(number, devices=[a_device(entropy, f"{number}")], remove=[])
    commit(0, devices=[], remove=[2])
    for name in ("first", "second"):
        commit(0, devices=[a_device(entropy, name)], remove=[])
    commit(4, devices=[], remove=[])
