"""The Python member and the browser's in one group: each creates, adds, removes, changes terms, writes and reads."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import pytest
from tests.vectors.mls_members import Browser, BrowserMember, Member, MemberRefusedError, Plan, PythonMember, View

from sotto_keys.shared.mls.key_package import parse_key_package, verify_signatures
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.public_group import PublicGroup, start_public_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GROUP_ID: Final = bytes(20)
TERMS: Final = b"the terms"
ROSTER_LIMIT: Final = 8
STEPS: Final = 24


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = Browser.start(tmp_path_factory.mktemp("browser-member"))
    yield started
    started.stop()


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


def a_pair(browser: Browser, *, creator: str) -> tuple[Member, Member]:
    python, web = PythonMember("python"), BrowserMember(f"browser {random.random()}", browser)  # noqa: S311 - a name
    return (python, web) if creator == "python" else (web, python)


@pytest.mark.parametrize("creator", ["python", "browser"])
class TestTwo:
    def test_one_creates_and_adds_the_other_and_both_talk(self, browser: Browser, creator: str) -> None:
        first, second = a_pair(browser, creator=creator)
        group = Group.of(first)
        group.commit(first, adds=[second])
        group.agreed()
        group.everybody_hears(first)
        group.everybody_hears(second)

    def test_both_renew_their_keys(self, browser: Browser, creator: str) -> None:
        first, second = a_pair(browser, creator=creator)
        group = Group.of(first)
        group.commit(first, adds=[second])
        before = group.agreed().authenticator
        group.commit(second)
        group.commit(first)
        assert group.agreed().authenticator != before
        group.everybody_hears(second)

    def test_the_terms_change_together_with_an_add(self, browser: Browser, creator: str) -> None:
        first, second = a_pair(browser, creator=creator)
        group = Group.of(first)
        group.commit(first, adds=[second], terms=b"new terms")
        assert group.agreed().terms == b"new terms"
        group.commit(second, terms=b"newer terms")
        assert group.agreed().terms == b"newer terms"

    def test_who_was_removed_reads_nothing_more(self, browser: Browser, creator: str) -> None:
        first, second = a_pair(browser, creator=creator)
        group = Group.of(first)
        group.commit(first, adds=[second])
        group.commit(first, removes=[second])
        group.commit(first, adds=[PythonMember("next")])
        with pytest.raises(MemberRefusedError):
            second.read(first.write(b"not for you"))

    def test_a_removed_member_notices_though_its_leaf_is_taken_again(self, browser: Browser, creator: str) -> None:
        first, second = a_pair(browser, creator=creator)
        group = Group.of(first)
        group.commit(first, adds=[second])
        group.commit(first, removes=[second], adds=[PythonMember("next")])
        assert [leaf for leaf, _ in group.agreed().leaves] == [0, 1]
        assert group.gone == [second]

    def test_a_message_of_the_epoch_before_is_still_read_and_one_older_is_not(
        self, browser: Browser, creator: str
    ) -> None:
        first, second = a_pair(browser, creator=creator)
        group = Group.of(first)
        group.commit(first, adds=[second])
        late, never = first.write(b"late"), first.write(b"never")
        group.commit(second)
        assert second.read(late).plaintext == b"late"
        group.commit(second)
        with pytest.raises(MemberRefusedError):
            second.read(never)

    def test_a_message_opens_once(self, browser: Browser, creator: str) -> None:
        first, second = a_pair(browser, creator=creator)
        group = Group.of(first)
        group.commit(first, adds=[second])
        message = first.write(b"once")
        second.read(message)
        with pytest.raises(MemberRefusedError):
            second.read(message)

    def test_a_changed_commit_is_refused_and_the_right_one_still_taken(self, browser: Browser, creator: str) -> None:
        first, second = a_pair(browser, creator=creator)
        group = Group.of(first)
        group.commit(first, adds=[second])
        message, _ = first.commit(Plan())
        changed = bytes([*message[:-40], message[-40] ^ 1, *message[-39:]])
        with pytest.raises(MemberRefusedError):
            second.process(changed)
        assert second.process(message) is False

    def test_the_loser_of_a_race_follows_the_winner(self, browser: Browser, creator: str) -> None:
        first, second = a_pair(browser, creator=creator)
        group = Group.of(first)
        group.commit(first, adds=[second])
        second.commit(Plan())
        group.commit(first)
        group.agreed()
        group.everybody_hears(second)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.timeout(180)
def test_mixed_groups_of_both_kinds_stay_in_step(browser: Browser, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a reproducible course of a group, no key
    names = iter(range(1000))

    def newcomer() -> Member:
        name = f"{seed}/{next(names)}"
        return PythonMember(name) if dice.random() < 0.5 else BrowserMember(name, browser)

    group = Group.of(newcomer())
    for _ in range(STEPS):
        by = dice.choice(group.members)
        others = [each for each in group.members if each is not by]
        removes = dice.sample(others, k=min(len(others), dice.choice([0, 0, 0, 1, 1, 2, 4])))
        room = ROSTER_LIMIT - len(group.members) + len(removes)
        adds = [newcomer() for _ in range(min(room, dice.choice([0, 0, 1, 1, 2, 3])))]
        terms = dice.randbytes(dice.choice([1, 100, 20_000])) if dice.random() < 0.2 else None
        group.commit(by, adds=adds, removes=removes, terms=terms)
        group.agreed()
        group.everybody_hears(dice.choice(group.members))
