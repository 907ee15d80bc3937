"""One group of Python and browser members, which stays in step or fails at once; the relay's public view follows it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from tests.vectors.mls_members import Browser, BrowserMember, Member, Plan, PythonMember, View

from sotto_keys.shared.mls.key_package import parse_key_package, verify_signatures
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.public_group import PublicGroup, start_public_group

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GROUP_ID: Final = bytes(20)
TERMS: Final = b"the terms"
ROSTER_LIMIT: Final = 8
STEPS: Final = 24


@dataclass
class Group:
    """Members in one epoch, and the relay's public view of them, which follows every commit."""

    members: list[Member]
    public: PublicGroup
    gone: list[Member] = field(default_factory=list)

    @classmethod
    def of(cls, creator: Member) -> Self:
        return cls([creator], start_public_group(creator.create(GROUP_ID, TERMS)))

    def commit(
        self, by: Member, *, adds: Sequence[Member] = (), removes: Sequence[Member] = (), terms: bytes | None = None
    ) -> None:
        offers = [each.offer() for each in adds]
        for offer in offers:
            verify_signatures(parse_key_package(offer))
        leaves = [each.own_leaf() for each in removes]
        message, welcome = by.commit(Plan(offers, leaves, terms, b"a note"))
        parsed = parse_commit(message)
        confirmed = parsed.confirmed_after(self.public.interim_transcript_hash)
        self.public = self.public.advance(parsed)
        by.adopt()
        for each in self.members:
            if each is not by:
                assert each.process(message) is (each in removes), each.name
        for each in adds:
            assert welcome is not None
            each.join(welcome)
            assert each.view().confirmed == confirmed, "what a newcomer checks its own admission by"
        self.gone.extend(removes)
        self.members = [each for each in (*self.members, *adds) if each not in removes]

    def agreed(self) -> View:
        """What all of them, and the relay, see."""
        first, *others = [each.view() for each in self.members]
        assert all(each == first for each in others)
        assert (first.tree_hash, first.interim) == (self.public.context.tree_hash, self.public.interim_transcript_hash)
        return first

    def everybody_hears(self, writer: Member) -> None:
        said = f"from {writer.name}".encode()
        message = writer.write(said)
        for each in self.members:
            if each is not writer:
                read = each.read(message)
                assert (read.sender, read.plaintext) == (writer.own_leaf(), said)


def run_course(browser: Browser, seed: int) -> int:
    """A random course of a group: who commits, whom it adds and removes, whether the terms change, who writes. How many commits it took."""
    dice = random.Random(seed)  # noqa: S311 - a reproducible course of a group, no key
    names = iter(range(1000))

    def newcomer() -> Member:
        name = f"{seed}/{next(names)}"
        return PythonMember(name) if dice.random() < 0.5 else BrowserMember(name, browser)

    group = Group.of(newcomer())
    for _ in range(STEPS):
        _take_a_step(group, dice, newcomer=newcomer)
    return STEPS


def _take_a_step(group: Group, dice: random.Random, *, newcomer: Callable[[], Member]) -> None:
    by = dice.choice(group.members)
    others = [each for each in group.members if each is not by]
    removes = dice.sample(others, k=min(len(others), dice.choice([0, 0, 0, 1, 1, 2, 4])))
    room = ROSTER_LIMIT - len(group.members) + len(removes)
    adds = [newcomer() for _ in range(min(room, dice.choice([0, 0, 1, 1, 2, 3])))]
    terms = dice.randbytes(dice.choice([1, 100, 20_000])) if dice.random() < 0.2 else None
    group.commit(by, adds=adds, removes=removes, terms=terms)
    group.agreed()
    group.everybody_hears(dice.choice(group.members))
