"""A relay that lets every commit pass, and a certified agent that breaks the rules: the widget's own gate refuses and it goes silent."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from playwright.sync_api import expect
from tests.support.demo_town import BEN, branch_of
from tests.support.imposters import CarelessOfficer, Imposter, now_ms
from tests.support.lying_proxy import LyingProxy, lying_proxy
from tests.support.permissive_relay import UnsafeForTestsSotto
from tests.support.rogue_agent import RogueAgent

from sotto_cli.demo.places import DESK
from sotto_keys.ceremony.issue import Grant
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.leaf_node import basic_credential
from sotto_wire.codec import encode_claims
from sotto_wire.frames import Commit, Post

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen, NewCustomer

    from sotto_wire.frames import Committed

    Break = Callable[[RogueAgent, Town], Coroutine[object, object, Committed]]

CUSTOMER_LEAF: Final = 0
BOSS: Final = Grant(name="The Boss", roles=("agent",), desks=(DESK,), kind="human", days=1)


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


async def removes_the_customer(rogue: RogueAgent, _: Town) -> Committed:
    return await rogue.commit(remove=[CUSTOMER_LEAF])


async def adds_a_stranger(rogue: RogueAgent, _: Town) -> Committed:
    stranger = Imposter.new().key_package(b"a stranger").public
    return await rogue.commit(add=[stranger], decision=rogue.start)


async def adds_a_colleague_without_the_decision(rogue: RogueAgent, town: Town) -> Committed:
    colleague = Imposter.new()
    _, identity = CarelessOfficer.of(town.places).certify(colleague, grant=BOSS)
    return await rogue.commit(add=[colleague.key_package(identity).public])


async def adds_a_bot_under_the_decision(rogue: RogueAgent, town: Town) -> Committed:
    bot = Imposter.new()
    _, identity = CarelessOfficer.of(town.places).certify(bot, grant=replace(BOSS, kind="bot"))
    return await rogue.commit(add=[bot.key_package(identity).public], decision=rogue.start)


async def adds_somebody_of_another_desk(rogue: RogueAgent, town: Town) -> Committed:
    other = Imposter.new()
    _, identity = CarelessOfficer.of(town.places).certify(other, grant=replace(BOSS, desks=("billing",)))
    return await rogue.commit(add=[other.key_package(identity).public], decision=rogue.start)


async def changes_its_face(rogue: RogueAgent, town: Town) -> Committed:
    _, identity = CarelessOfficer.of(town.places).certify(rogue.device, grant=BOSS)
    face = replace(rogue.own_leaf, credential=basic_credential(identity))
    return await rogue.commit(as_member=rogue.with_face(face))


async def changes_the_terms(rogue: RogueAgent, _: Town) -> Committed:
    assert rogue.member is not None
    terms = msgspec.structs.replace(read_terms(rogue.member.group.extensions), desk="billing")
    return await rogue.commit(extensions=group_extensions(encode_claims(terms)))


async def commits_in_the_past(rogue: RogueAgent, _: Town) -> Committed:
    return await rogue.commit(committed_at=now_ms() - 3600 * 1000)


BREAKS: Final[dict[str, tuple[Break, str]]] = {
    "removes the customer": (removes_the_customer, "commit_not_allowed"),
    "adds a stranger": (adds_a_stranger, "malformed"),
    "adds a colleague without the decision": (adds_a_colleague_without_the_decision, "commit_not_allowed"),
    "adds a bot under the decision": (adds_a_bot_under_the_decision, "not_admitted"),
    "adds somebody of another desk": (adds_somebody_of_another_desk, "not_admitted"),
    "changes its face": (changes_its_face, "commit_not_allowed"),
    "changes the terms": (changes_the_terms, "commit_not_allowed"),
    "commits in the past": (commits_in_the_past, "clock_skew"),
}


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
    visitor.say("After")
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
