"""What the browser tests share: one Chromium, one town with its relay, fresh contexts for each customer, one approved console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect, sync_playwright
from tests.support.demo_town import ANA, Town, founded
from tests.support.engines import ENGINES, started
from tests.support.screen_people import AgentScreen, CustomerScreen
from tests.support.widget_shop import launch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize
    from tests.support.engine_port import Engine
    from tests.support.screen_people import NewCustomer

WIDE: Final[ViewportSize] = {"width": 1100, "height": 760}
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}
PATIENCE_MS: Final = 45_000
AWAY: Final = "about:blank"
"""Where a customer goes who leaves the shop; also where every page begins."""


@pytest.fixture(scope="session")
def play() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)  # five seconds, the default, are few on a busy machine
    with sync_playwright() as playing:
        yield playing


@pytest.fixture(scope="session")
def browser(play: Playwright) -> Iterator[Browser]:
    with launch(play) as chromium:
        yield chromium


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `engine` runs in each that `--browsers` names."""
    if "engine" in metafunc.fixturenames:
        names = ENGINES if metafunc.config.getoption("browsers") == "all" else ENGINES[:1]
        metafunc.parametrize("engine", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine(
    request: pytest.FixtureRequest, play: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """One of the three, with a profile of its own."""
    with started(request.param, play=play, folder=tmp_path_factory.mktemp(request.param)) as engine:
        yield engine


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with founded(tmp_path_factory.mktemp("town") / "demo") as built:
        yield built


@pytest.fixture
def new_customer(browser: Browser, town: Town) -> Iterator[NewCustomer]:
    """Each a browser of their own. Whoever is still in a chat ends it, so that the queue is empty for the next test."""
    visits: list[CustomerScreen] = []

    def new() -> CustomerScreen:
        context = browser.new_context(viewport=WIDE)
        context.set_default_timeout(PATIENCE_MS)
        visits.append(CustomerScreen(context.new_page()))
        return visits[-1]

    yield new
    for visit in visits:
        if visit.page.url == AWAY:
            visit.come_back(town.shop_url)
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
