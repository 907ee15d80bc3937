"""The Python member and the browser's in one group: each creates, adds, removes, changes terms, writes and reads."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from tests.support.mixed_groups import STEPS, Group, run_course
from tests.vectors.mls_members import Browser, BrowserMember, Member, MemberRefusedError, Plan, PythonMember

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = Browser.start(tmp_path_factory.mktemp("browser-member"))
    yield started
    started.stop()


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
    assert run_course(browser, seed) == STEPS
