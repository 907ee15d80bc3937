"""A relay that lets every commit pass, and a certified agent that breaks the rules: the Python member refuses and goes silent."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
from tests.support.demo_town import BEN, branch_of
from tests.support.permissive_relay import UnsafeForTestsSotto
from tests.support.programs import Programs
from tests.support.rogue_agent import RogueAgent
from tests.support.rogue_deeds import BREAKS

from sotto_wire.refusals import WrongStage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator
    from pathlib import Path

    from tests.support.demo_town import Town


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
async def visitors(careless_town: Town, tmp_path: Path) -> AsyncIterator[Programs]:
    async with Programs(careless_town, tmp_path) as people:
        yield people


async def there(town: Town, work: Coroutine[object, object, object]) -> None:
    """On the town's own loop, where the rogue's socket lives."""
    await asyncio.to_thread(town.thread.do, work)


@pytest.mark.parametrize("deed", BREAKS)
async def test_the_python_member_follows_no_commit_outside_the_list_and_sends_nothing_more(
    visitors: Programs, rogue: RogueAgent, careless_town: Town, *, deed: str
) -> None:
    customer = await visitors.customer()
    await there(careless_town, rogue.get_let_in())
    customer.say("Before")
    await customer.until(lambda conversation: not conversation.outbox)
    breaks, code = BREAKS[deed]
    await there(careless_town, breaks(rogue, careless_town))
    after = await customer.until(lambda conversation: conversation.broken is not None)
    # The Python gate gives every failed proof the one code that crosses the wire; the browser's names which one it was.
    assert (after.broken, after.member.epoch) == ("untrusted" if code == "malformed" else code, 1)
    with pytest.raises(WrongStage):
        customer.say("After")


async def test_a_path_that_the_list_allows_is_followed(
    visitors: Programs, rogue: RogueAgent, careless_town: Town
) -> None:
    customer = await visitors.customer()
    await there(careless_town, rogue.get_let_in())
    await customer.until(lambda conversation: conversation.member.epoch == 1)
    words = customer.conversation.words
    await there(careless_town, rogue.commit())
    after = await customer.until(lambda conversation: conversation.member.epoch == 2)
    assert after.broken is None
    assert after.words != words
