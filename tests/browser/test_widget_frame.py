"""The widget's frames in a real browser: what the page sees and may do, and how the widget looks. Hostile code has its own module."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.waiting import until_in
from tests.support.widget_shop import NONCE, PREVIEW, Bundles, Shop, node, recommended_policy, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Frame, FrameLocator, Page

READY_WITHIN_MS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Town:
    """A relay's bundles and a shop."""

    bundles: Bundles
    shop: Shop
    relay: str
    address: str


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    folder = tmp_path_factory.mktemp("bundles")
    node("build.mjs", "--out", str(folder), "--session", PREVIEW)
    return Bundles(folder)


@pytest.fixture
def town(preview: Bundles) -> Iterator[Town]:
    bundles = Bundles(preview.folder)
    with ExitStack() as open_places:
        relay = open_places.enter_context(serving(bundles.handler))
        shop = Shop(Shop.with_snippet(bundles.snippet(relay)), recommended_policy(relay))
        address = open_places.enter_context(serving(shop.handler))
        yield Town(bundles, shop, relay, address)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context(viewport={"width": 1100, "height": 760})
    fresh.set_default_timeout(45_000)  # half a minute, the default, is short on a busy machine
    yield fresh
    fresh.close()


def launcher(page: Page) -> None:
    page.get_by_role("button", name="Open chat").click()


def inside(page: Page) -> FrameLocator:
    return page.frame_locator("sotto-chat iframe").frame_locator("iframe")


def app_frame(page: Page) -> Frame:
    inside(page).get_by_role("heading", level=1).wait_for()
    return page.frames[-1]


def start_chat(page: Page) -> FrameLocator:
    launcher(page)
    app = inside(page)
    app.get_by_role("button", name="Start chat").click()
    app.get_by_role("textbox").wait_for()
    return app


def test_before_the_click_nothing_is_asked_for_stored_or_connected(context: BrowserContext, town: Town) -> None:
    page = context.new_page()
    page.goto(town.address)
    page.get_by_role("button", name="Open chat").wait_for()
    assert [path.rpartition("/")[2] for path in town.bundles.asked] == ["loader.js"]
    assert page.evaluate("indexedDB.databases()") == []
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie, frames.length]") == [
        0,
        0,
        "",
        0,
    ]


def test_a_chat_works_under_the_recommended_policy(context: BrowserContext, town: Town) -> None:
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(town.address)
    app = start_chat(page)
    app.get_by_role("textbox").fill("My lid is cracked")
    app.get_by_role("textbox").press("Enter")
    app.get_by_text("You wrote: My lid is cracked").first.wait_for()
    assert context.cookies() == []
    assert complaints == []


POLICIES: Final = {
    "none": "",
    "no styles": "default-src 'none'; script-src {relay}; connect-src {relay}; style-src 'none'",
    "nonce": f"script-src 'nonce-{NONCE}'; object-src 'none'; base-uri 'none'",
    "own styles only": "default-src 'self'; script-src 'self' {relay}; connect-src {relay}; style-src 'self'",
    "sandboxed scripts by name": "script-src {relay}; require-trusted-types-for 'script'; trusted-types sotto dompurify",
}


@pytest.mark.parametrize("name", POLICIES)
def test_the_widget_opens_under_the_policy_of_the_host(context: BrowserContext, town: Town, name: str) -> None:
    town.shop.policy = POLICIES[name].format(relay=town.relay)
    town.shop.page = Shop.with_snippet(town.bundles.snippet(town.relay, nonce=name == "nonce"))
    page = context.new_page()
    page.goto(town.address)
    app = start_chat(page)
    box = app.locator(".widget").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (358, 598)


def test_one_changed_byte_in_the_app_and_it_does_not_run(context: BrowserContext, town: Town) -> None:
    town.bundles.tampered = "app.js"
    page = context.new_page()
    page.clock.install()
    page.goto(town.address)
    launcher(page)
    until_in(page, "document.querySelector('sotto-chat').shadowRoot.querySelector('iframe') !== null")
    page.clock.fast_forward(READY_WITHIN_MS)
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "Chat cannot open here" in alert.inner_text()
    assert (
        alert.get_by_role("link", name="Other ways to reach us").get_attribute("href") == "mailto:help@kettle.example"
    )
    assert page.locator("sotto-chat iframe").count() == 0


def test_one_changed_byte_in_the_loader_and_there_is_no_widget(context: BrowserContext, town: Town) -> None:
    town.bundles.tampered = "loader.js"
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(town.address)
    page.wait_for_load_state("networkidle")
    assert page.locator("sotto-chat").count() == 0
    assert any("integrity" in text for text in refused)


def test_a_page_that_can_keep_nothing_says_so_in_words(context: BrowserContext, town: Town) -> None:
    town.shop.policy = "sandbox allow-scripts"
    page = context.new_page()
    page.goto(town.address)
    launcher(page)
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "does not let the page keep encryption keys" in alert.inner_text()


def test_a_page_that_says_ready_itself_gets_no_port(context: BrowserContext, town: Town) -> None:
    page = context.new_page()
    page.goto(town.address)
    page.evaluate("window.got = []; addEventListener('message', (event) => window.got.push(event.ports.length))")
    launcher(page)
    page.evaluate("postMessage('sotto:ready', '*')")
    app_frame(page)
    assert page.evaluate("Math.max(0, ...window.got)") == 0


def test_a_conversation_is_taken_up_after_a_reload(context: BrowserContext, town: Town) -> None:
    page = context.new_page()
    page.goto(town.address)
    start_chat(page)
    page.reload()
    launcher(page)
    inside(page).get_by_text("My kettle’s lid is cracked.").wait_for()


def test_one_tab_is_live_and_the_other_takes_over_on_request(context: BrowserContext, town: Town) -> None:
    first, second = context.new_page(), context.new_page()
    first.goto(town.address)
    start_chat(first)
    second.goto(town.address)
    launcher(second)
    inside(second).get_by_role("button", name="Use here").click()
    inside(second).get_by_role("textbox").wait_for()
    inside(first).get_by_role("heading", name="Open in another tab").wait_for()


def test_escape_closes_the_panel_and_gives_the_focus_back(context: BrowserContext, town: Town) -> None:
    page = context.new_page()
    page.goto(town.address)
    app = start_chat(page)
    app.get_by_role("textbox").press("Escape")
    page.get_by_role("dialog", name="Chat").wait_for(state="hidden")
    focused = "document.querySelector('sotto-chat').shadowRoot.activeElement?.className"
    assert page.evaluate(focused) == "launcher"


def test_on_a_phone_the_chat_fills_the_screen(context: BrowserContext, town: Town) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(town.address)
    app = start_chat(page)
    box = app.locator(".widget").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (360, 640)


def test_the_page_may_open_hide_and_shut_down_the_widget(context: BrowserContext, town: Town) -> None:
    page = context.new_page()
    page.add_init_script(
        "window.Sotto = (...words) => (Sotto.q ??= []).push(words); Sotto('open'); window.heard = []; "
        "Sotto('on', 'shutdown', () => heard.push('shutdown'))"
    )
    page.goto(town.address)
    inside(page).get_by_role("button", name="Start chat").click()
    inside(page).get_by_role("textbox").wait_for()
    assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 1
    page.evaluate("Sotto('shutdown')")
    until_in(page, "heard.includes('shutdown')")
    assert page.evaluate("indexedDB.databases()") == []
    assert page.locator("sotto-chat").count() == 0
