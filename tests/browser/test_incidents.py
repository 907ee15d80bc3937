"""An organisation tells its customers of a breach: verified in the browser, put off or read by the customer alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect
from tests.support.demo_town import branch_of
from tests.support.incidents import HAPPENED, publish_notice, sign_notice
from tests.support.inspector import Inspector
from tests.support.screen_people import CustomerScreen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator
    from tests.support.demo_town import Town

PATIENCE_MS: Final = 45_000

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def branch(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A notice in force stays: nobody else's town."""
    with branch_of(town, tmp_path_factory.mktemp("incident") / "demo") as built:
        yield built


@pytest.fixture
def customer(browser: Browser, branch: Town) -> Iterator[CustomerScreen]:
    context = browser.new_context(viewport={"width": 1100, "height": 760})
    context.set_default_timeout(PATIENCE_MS)
    screen = CustomerScreen(context.new_page()).visit(branch.shop_url)
    yield screen
    screen.leave()
    context.close()


def panel(customer: CustomerScreen) -> Locator:
    return customer.app.get_by_role("alert", name="Something happened that concerns you")


def test_a_notice_comes_at_once_comes_back_until_it_was_read_and_then_never(
    branch: Town, customer: CustomerScreen
) -> None:
    customer.start()
    expect(panel(customer)).to_have_count(0)
    publish_notice(branch, sign_notice(branch))

    expect(panel(customer)).to_contain_text(HAPPENED)
    expect(panel(customer)).to_contain_text("Questions: privacy@kettle.example")
    look = Inspector(customer.page)
    look.look("an incident", inside=True)
    assert look.found == {}

    customer.press("Remind me later")
    expect(panel(customer)).to_have_count(0)
    customer.press("Close chat window")
    customer.open()
    expect(panel(customer)).to_contain_text(HAPPENED)

    customer.visit(branch.shop_url).open()
    expect(panel(customer)).to_contain_text(HAPPENED)
    customer.press("I have read this")
    expect(panel(customer)).to_have_count(0)

    customer.visit(branch.shop_url).open()
    publish_notice(branch, sign_notice(branch, contact="dpo@kettle.example"))
    expect(panel(customer)).to_contain_text("Questions: dpo@kettle.example")
