"""The cast of the MLS tests: seeded randomness, devices with keys, and groups that they open."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.device.mls.committing import PendingCommit, adopt_commit, create_commit
from sotto_keys.device.mls.create_group import create_group, group_extensions
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.own_key_package import OwnKeyPackage, create_key_package
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.mls.secret_bytes import SecretBytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sotto_keys.device.mls.member import Member

NOW = 1_800_000_000
DAY = 24 * 3600
GROUP = b"conversation-16b" + (1).to_bytes(4, "big")
TERMS = b"terms"


def unsafe_for_tests_entropy(seed: int) -> Callable[[int], bytes]:
    """The same stream of bytes for the same seed."""
    return random.Random(seed).randbytes  # noqa: S311 - a test that failed must fail again


@dataclass(frozen=True, slots=True)
class Device:
    """A device before it is in any group."""

    signing_key: SecretBytes
    package: OwnKeyPackage

    @property
    def identity(self) -> bytes:
        return self.package.public.leaf.credential.identity


def a_device(entropy: Callable[[int], bytes], name: str = "somebody", *, last_resort: bool = False) -> Device:
    """A device with a key package of thirty days."""
    signing_key = SecretBytes(entropy(32))
    package = create_key_package(
        signing_key,
        name.encode(),
        now=NOW,
        not_after=NOW + 30 * DAY,
        entropy=entropy,
        last_resort=last_resort,
    )
    return Device(signing_key, package)


def a_creator(entropy: Callable[[int], bytes]) -> Member:
    """The customer's device in its new group."""
    device = a_device(entropy, "customer")
    extensions = group_extensions(TERMS)
    return create_group(GROUP, device.package, signing_key=device.signing_key, extensions=extensions, entropy=entropy)


def joined(pending: PendingCommit, device: Device) -> Member:
    """The newcomer that the Welcome makes of a device."""
    assert pending.welcome is not None
    return join(pending.welcome, device.package, signing_key=device.signing_key)


def follow(member: Member, pending: PendingCommit) -> Member:
    """A member after somebody else's commit, which does not remove it."""
    after = process_commit(member, pending.message).member
    assert after is not None
    return after


def grown(members: list[Member], devices: Iterable[Device], *, entropy: Callable[[int], bytes]) -> list[Member]:
    """The members after the first of them added these devices in one commit, newcomers last."""
    new = list(devices)
    add = [each.package.public for each in new]
    pending = create_commit(members[0], authenticated_data=b"", add=add, entropy=entropy)
    others = [follow(each, pending) for each in members[1:]]
    return [adopt_commit(members[0], pending), *others, *(joined(pending, each) for each in new)]


def a_group(size: int, entropy: Callable[[int], bytes]) -> list[Member]:
    """A group grown one by one by its creator, which is the first of the list."""
    members = [a_creator(entropy)]
    for number in range(1, size):
        members = grown(members, [a_device(entropy, f"agent {number}")], entropy=entropy)
    return members
