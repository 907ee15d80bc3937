"""Ana hands a chat over to Ben, each at a console of their own, while the customer looks on or is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.support.demo_town import BEN
from tests.support.inspector import Inspector
from tests.support.screen_people import AgentScreen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext
    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen


@pytest.fixture(scope="module")
def bens_browser(browser: Browser, town: Town) -> Iterator[BrowserContext]:
    """Where an officer approved Ben's device."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(45_000)
    page = context.new_page()
    AgentScreen(page).sign_in(town.console_url, agent=BEN.agent, password=town.password(BEN.agent)).get_approved()
    page.close()
    yield context
    context.close()


@pytest.fixture
def ben(bens_browser: BrowserContext, town: Town) -> Iterator[AgentScreen]:
    page = bens_browser.new_page()
    page.goto(town.console_url)
    page.get_by_text("Device approved until").wait_for()
    yield AgentScreen(page)
    page.close()


def talking(customer: CustomerScreen, ana: AgentScreen) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana").say("My kettle leaks")
    expect(ana.message("My kettle leaks")).to_be_visible()


@pytest.mark.timeout(120)
def test_a_chat_is_handed_over_and_who_left_reads_nothing_more(
    customer: CustomerScreen, ana: AgentScreen, ben: AgentScreen
) -> None:
    talking(customer, ana)
    ana.hand_over("Ask Ben")
    ana.chat.get_by_text("Asking Ben to take this chat over").wait_for()
    ben.page.get_by_text("Ana wants to hand a chat over to you").wait_for()
    ben.take_over()
    customer.meets("Ben")
    customer.sees("and can no longer read new messages").wait_for()
    customer.say("Hello Ben")
    expect(ben.message("Hello Ben")).to_be_visible()
    ben.say("Hello, I have your kettle")
    expect(customer.message("Hello, I have your kettle")).to_be_visible()
    assert ben.messages() == ["Hello Ben", "Hello, I have your kettle"]
    ana.chat.get_by_text("You are no longer in this chat").wait_for()
    assert ana.messages() == ["My kettle leaks"]
    assert ana.chat.get_by_role("textbox").count() == 0
    expect(ana.panel).to_contain_text("it does not know who can read it now")
    expect(ana.chat.get_by_role("heading", level=2).locator("xpath=..")).to_contain_text("You left")
    readers = customer.readers()
    assert readers[:2] == ["This device", "Ben"]
    assert ben.readers() == ["Customer", "This device", *readers[2:]]
    ana.page.reload()
    ana.page.get_by_text("No open chats").wait_for()
    ben.page.reload()
    ben.page.get_by_role("button", name="Hello, I have your kettle").click()
    expect(ben.message("Hello Ben")).to_be_visible()
    assert ben.readers() == ["Customer", "This device", *readers[2:]]


@pytest.mark.timeout(120)
def test_a_chat_is_handed_over_by_keyboard_while_the_customer_is_away(
    customer: CustomerScreen, ana: AgentScreen, ben: AgentScreen, town: Town
) -> None:
    talking(customer, ana)
    customer.page.goto("about:blank")
    ana.page.keyboard.press("Escape")
    ana.chat.focus()
    ana.page.keyboard.press("t")
    ana.page.get_by_role("dialog").get_by_role("button", name="Ask Ben").press("Enter")
    ben.take_over()
    ben.say("I take over from Ana")
    customer.visit(town.shop_url).open()
    customer.meets("Ben")
    expect(customer.message("I take over from Ana")).to_be_visible()
    assert customer.messages() == ["My kettle leaks", "I take over from Ana"]


@pytest.mark.timeout(120)
def test_a_colleague_who_cannot_says_so_and_the_chat_stays(
    customer: CustomerScreen, ana: AgentScreen, ben: AgentScreen
) -> None:
    talking(customer, ana)
    ana.hand_over("Ask Ben")
    ben.page.get_by_role("button", name="Not now").click()
    ana.chat.get_by_text("Ben cannot take it now. This chat stays with you.").wait_for()
    ana.chat.get_by_role("button", name="Dismiss").click()
    ana.say("Still me")
    expect(customer.message("Still me")).to_be_visible()
    ana.hand_over("Ask Ben")
    ben.page.get_by_text("Ana wants to hand a chat over to you").wait_for()
    ana.chat.get_by_role("button", name="Keep this chat").first.click()
    expect(ben.page.get_by_text("Ana wants to hand a chat over to you")).to_have_count(0)


def test_with_nobody_else_online_the_console_says_so(customer: CustomerScreen, ana: AgentScreen) -> None:
    talking(customer, ana)
    ana.chat.get_by_role("button", name="Hand over").click()
    ana.page.get_by_role("dialog").get_by_text("Nobody else of the Support desk is online").wait_for()
    ana.page.keyboard.press("Escape")


@pytest.mark.timeout(180)
def test_no_screen_of_a_handoff_breaks_a_rule(customer: CustomerScreen, ana: AgentScreen, ben: AgentScreen) -> None:
    talking(customer, ana)
    hers, his = Inspector(ana.page), Inspector(ben.page)
    ana.chat.get_by_role("button", name="Hand over").click()
    ana.page.get_by_role("dialog").get_by_role("button", name="Ask Ben").wait_for()
    hers.look("whom to ask")
    ana.page.get_by_role("dialog").get_by_role("button", name="Ask Ben").click()
    ana.chat.get_by_text("Asking Ben to take this chat over").wait_for()
    hers.look("asking")
    ben.page.get_by_text("Ana wants to hand a chat over to you").wait_for()
    his.look("an offer")
    ben.take_over()
    his.look("taken over")
    ana.chat.get_by_text("You are no longer in this chat").wait_for()
    hers.look("gone")
    assert {**hers.found, **his.found} == {}
