"""An organisation tells its customers of a breach while programs talk: verified on the device, told again at every connection."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from tests.support.demo_town import branch_of
from tests.support.incidents import HAPPENED, NAME, publish_notice, sign_notice
from tests.support.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.support.demo_town import Town


@pytest.fixture
def branch(town: Town, tmp_path: Path) -> Iterator[Town]:
    """A notice in force stays: nobody else's town."""
    with branch_of(town, tmp_path / "branch") as built:
        yield built


@pytest.fixture
async def people(branch: Town, tmp_path: Path) -> AsyncIterator[Programs]:
    async with Programs(branch, tmp_path) as programs:
        yield programs


@pytest.mark.timeout(180)
async def test_a_customer_is_told_at_once_again_after_a_restart_and_as_corrected(
    branch: Town, people: Programs
) -> None:
    customer = await people.customer()
    assert list(customer.incidents) == []
    publish_notice(branch, sign_notice(branch))
    await customer.until(lambda _: len(customer.incidents) > 0)
    (told,) = customer.incidents
    assert (told.incident, told.texts["en"].what_happened) == (NAME, HAPPENED)
    await customer.stop()

    again = await people.customer()
    await again.until(lambda _: len(again.incidents) > 0)
    publish_notice(branch, sign_notice(branch, contact="dpo@kettle.example"))
    await again.until(lambda _: [each.contact for each in again.incidents] == ["dpo@kettle.example"])
    assert again.problem is None


@pytest.mark.timeout(180)
async def test_whose_conversation_it_does_not_concern_is_told_nothing(branch: Town, people: Programs) -> None:
    publish_notice(branch, sign_notice(branch, ends_in=dt.timedelta(seconds=-1)))
    customer, agent, chat = await people.in_a_chat()
    customer.say("Good morning")
    await chat.until(lambda now: len(now.messages) == 1)
    assert (list(customer.incidents), customer.problem) == ([], None)
    assert not hasattr(agent, "incidents")
