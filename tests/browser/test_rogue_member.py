"""A relay that lets every commit pass, and a certified agent that breaks the rules: the widget's own gate refuses and it goes silent."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.support.demo_town import BEN, branch_of
from tests.support.lying_proxy import LyingProxy, lying_proxy
from tests.support.permissive_relay import UnsafeForTestsSotto
from tests.support.rogue_agent import RogueAgent
from tests.support.rogue_deeds import BREAKS

from sotto_wire.frames import Commit, Post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen, NewCustomer


@pytest.fixture(scope="module")
def careless_town(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town with a relay that judges nothing."""
    with branch_of(town, tmp_path_factory.mktemp("careless") / "demo", sotto=UnsafeForTestsSotto) as branch:
        yield branch


@pytest.fixture(scope="module")
def rogue(careless_town: Town) -> Iterator[RogueAgent]:
    ends = AsyncExitStack()
    do = careless_town.thread.do
    yield do(RogueAgent.at_the_desk(careless_town, ends, agent=BEN.agent))
    do(ends.aclose())


@pytest.fixture
def listening(careless_town: Town) -> Iterator[LyingProxy]:
    """Says nothing of its own; it hears what the widget sends."""
    with lying_proxy(careless_town.places.relay_url, careless_town.thread) as proxy:
        careless_town.sell_through(proxy.url)
        yield proxy


@pytest.fixture
def visitor(listening: LyingProxy, new_customer: NewCustomer, careless_town: Town) -> CustomerScreen:  # noqa: ARG001 - it must outlive the visit
    return new_customer().visit(careless_town.other_shop_url)


@pytest.mark.parametrize("deed", BREAKS)
def test_the_widget_follows_no_commit_outside_the_list_and_sends_nothing_more(
    visitor: CustomerScreen, rogue: RogueAgent, listening: LyingProxy, careless_town: Town, *, deed: str
) -> None:
    do = careless_town.thread.do
    visitor.start()
    do(rogue.get_let_in())
    visitor.meets("Ben").say("Before")
    expect(visitor.message("Before", standing="Sent")).to_be_visible()
    breaks, code = BREAKS[deed]
    do(breaks(rogue, careless_town))
    visitor.app.get_by_role("heading", name="This chat cannot go on").wait_for()
    expect(visitor.app.get_by_role("alert")).to_contain_text(code)
    sent = len(listening.heard_of(Post)), len(listening.heard_of(Commit))
    visitor.say_in_vain("After")
    visitor.sees("Nothing can be sent in this chat any more.").wait_for()
    assert visitor.messages() == ["Before"]
    visitor.page.reload()
    visitor.open().app.get_by_role("heading", name="This chat cannot go on").wait_for()
    assert (len(listening.heard_of(Post)), len(listening.heard_of(Commit))) == sent
    visitor.press("Delete it from this device")
    visitor.app.get_by_role("button", name="Start chat").wait_for()


def test_a_path_that_the_list_allows_is_followed(
    visitor: CustomerScreen, rogue: RogueAgent, careless_town: Town
) -> None:
    visitor.start()
    careless_town.thread.do(rogue.get_let_in())
    words = visitor.meets("Ben").readers()[2:]
    careless_town.thread.do(rogue.commit())
    visitor.sees("You and Ben can read this chat").wait_for()
    visitor.say("After")
    expect(visitor.message("After", standing="Sent")).to_be_visible()
    assert visitor.readers()[-1] == "2"
    assert visitor.readers()[2:] != words
