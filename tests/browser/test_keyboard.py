"""The main path without a mouse, at both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.support.demo_town import BEN
from tests.support.screen_people import AgentScreen

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page
    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen

MANY: int = 40


def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until `target` has the focus."""
    for _ in range(MANY):
        if target.evaluate("element => element.getRootNode().activeElement === element"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {target}")


def focused(target: Locator) -> None:
    """Waits until `target` has the focus."""
    expect(target).to_be_focused()


def test_a_customer_needs_no_mouse(customer: CustomerScreen, ana: AgentScreen) -> None:
    keys = customer.page.keyboard
    tab_to(customer.page, customer.launcher)
    keys.press("Enter")
    start = customer.app.get_by_role("button", name="Start chat")
    start.wait_for()
    focused(customer.app.get_by_role("heading", name="Before we chat"))
    tab_to(customer.page, start)
    keys.press("Enter")
    field = customer.app.get_by_role("textbox")
    focused(field)
    ana.take_next()
    customer.meets("Ana")
    focused(field)
    keys.type("By keyboard")
    keys.press("Shift+Enter")
    keys.type("in two lines")
    keys.press("Enter")
    expect(ana.message("By keyboard\nin two lines")).to_be_visible()
    keys.press("Escape")
    focused(customer.launcher)
    expect(customer.page.get_by_role("dialog", name="Chat")).to_be_hidden()
    keys.press("Enter")
    focused(field)
    tab_to(customer.page, customer.app.get_by_role("button", name="End chat"))
    keys.press("Enter")
    focused(customer.app.get_by_role("heading", name="End this chat?"))
    keys.press("Escape")
    focused(customer.app.get_by_role("button", name="End chat"))
    keys.press("Enter")
    customer.app.get_by_role("heading", name="End this chat?").wait_for()
    tab_to(customer.page, customer.app.get_by_role("button", name="End chat"))
    keys.press("Enter")
    customer.app.get_by_role("heading", name="This chat has closed.").wait_for()


def test_an_agent_needs_no_mouse(fresh_console: BrowserContext, customer: CustomerScreen, town: Town) -> None:
    ben = AgentScreen(fresh_console.new_page())
    page, keys = ben.page, ben.page.keyboard
    page.goto(town.console_url)
    page.get_by_label("Name").wait_for()
    tab_to(page, page.get_by_label("Name"))
    keys.type(BEN.agent)
    keys.press("Tab")
    keys.type(town.password(BEN.agent))
    keys.press("Enter")
    ask = page.get_by_role("button", name="Ask for approval")
    ask.wait_for()
    tab_to(page, ask)
    keys.press("Enter")
    page.get_by_text("Device approved until").wait_for()
    customer.start()
    page.get_by_text("1 waiting").wait_for()
    keys.press("n")
    customer.meets("Ben")
    keys.press("r")
    focused(ben.chat.get_by_role("textbox"))
    keys.type("Now, next to each other: n, e, j")
    keys.press("Enter")
    expect(customer.message("Now, next to each other: n, e, j")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Sign out"))
    keys.press("e")
    page.get_by_role("dialog").wait_for()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    keys.press("e")
    tab_to(page, page.get_by_role("dialog").get_by_role("button", name="Close chat"))
    keys.press("Enter")
    customer.app.get_by_role("heading", name="This chat has closed.").wait_for()
