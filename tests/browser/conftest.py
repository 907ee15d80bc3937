"""What the browser tests share: one Chromium, one town with its relay, fresh contexts for each customer, one approved console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.support.demo_town import ANA, Town, founded
from tests.support.screen_people import AgentScreen, CustomerScreen
from tests.support.widget_shop import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ViewportSize
    from tests.support.screen_people import NewCustomer

WIDE: Final[ViewportSize] = {"width": 1100, "height": 760}
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}
PATIENCE_MS: Final = 45_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with founded(tmp_path_factory.mktemp("town") / "demo") as built:
        yield built


@pytest.fixture
def new_customer(browser: Browser) -> Iterator[NewCustomer]:
    """Each a browser of their own. Whoever is still in a chat ends it, so that the queue is empty for the next test."""
    visits: list[CustomerScreen] = []

    def new() -> CustomerScreen:
        context = browser.new_context(viewport=WIDE)
        context.set_default_timeout(PATIENCE_MS)
        visits.append(CustomerScreen(context.new_page()))
        return visits[-1]

    yield new
    for visit in visits:
        visit.leave()
        visit.page.context.close()


@pytest.fixture
def customer(new_customer: NewCustomer, town: Town) -> CustomerScreen:
    """Somebody on the shop's page."""
    return new_customer().visit(town.shop_url)


@pytest.fixture(scope="session")
def approved(browser: Browser, town: Town) -> Iterator[BrowserContext]:
    """Ana's browser, whose device an officer approved."""
    context = browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    AgentScreen(page).sign_in(town.console_url, agent=ANA.agent, password=town.password(ANA.agent)).get_approved()
    page.close()
    yield context
    context.close()


@pytest.fixture
def fresh_console(browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which nobody ever signed in."""
    context = browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def ana(approved: BrowserContext, town: Town) -> Iterator[AgentScreen]:
    """Ana at her console."""
    page = approved.new_page()
    page.goto(town.console_url)
    page.get_by_text("Device approved until").wait_for()
    yield AgentScreen(page)
    page.close()
