"""Every screen of widget and console as the real programs show it, light and dark, wide and at phone widths, under axe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.demo_town import ANA, BEN
from tests.support.inspector import Inspector
from tests.support.lying_proxy import lying_proxy
from tests.support.screen_people import AgentScreen

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext
    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen, NewCustomer


@pytest.mark.timeout(120)
def test_no_screen_of_the_widget_breaks_a_rule(customer: CustomerScreen, ana: AgentScreen) -> None:
    inspector = Inspector(customer.page)
    customer.launcher.wait_for()
    inspector.look("shop with launcher")
    customer.open().app.get_by_role("heading", name="Before we chat").wait_for()
    inspector.look("shop with open panel")
    inspector.look("notice", inside=True)
    customer.press("Start chat")
    customer.sees("You are next").wait_for()
    customer.say("Before anybody joined")
    inspector.look("waiting", inside=True)
    ana.take_next()
    customer.meets("Ana")
    ana.say("A long answer " * 30)
    customer.message("A long answer").wait_for()
    inspector.look("chat", inside=True)
    customer.app.get_by_role("button", name="can read this chat").click()
    customer.app.get_by_text("For key 1 of this chat").wait_for()
    inspector.look("who can read", inside=True)
    customer.press("Back")
    customer.app.get_by_role("button", name="verified. How we know").or_(
        customer.app.get_by_role("button", name="Kettle & Cup · Verified")
    ).first.click()
    customer.app.get_by_role("heading", name="Organisation words").wait_for()
    inspector.look("who this is", inside=True)
    customer.press("Back")
    customer.press("End chat")
    customer.app.get_by_role("heading", name="End this chat?").wait_for()
    inspector.look("ending", inside=True)
    customer.press("End chat")
    customer.app.get_by_role("heading", name="This chat has closed.").wait_for()
    inspector.look("closed", inside=True)
    assert inspector.found == {}


@pytest.mark.timeout(120)
def test_no_screen_of_the_console_breaks_a_rule(
    fresh_console: BrowserContext, customer: CustomerScreen, town: Town
) -> None:
    page = fresh_console.new_page()
    ben, inspector = AgentScreen(page), Inspector(page)
    page.goto(town.console_url)
    page.get_by_role("heading", name="Sign in").wait_for()
    inspector.look("sign-in")
    page.get_by_label("Name").fill(ANA.agent)
    page.get_by_label("Password").fill("not her password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    inspector.look("sign-in refused")
    town.officer_leaves()
    try:
        ben.sign_in(town.console_url, agent=BEN.agent, password=town.password(BEN.agent))
        inspector.look("device not approved")
        page.get_by_role("button", name="Ask for approval").click()
        page.get_by_role("heading", name="Waiting for an officer").wait_for()
        inspector.look("device pending")
    finally:
        town.officer_comes()
    page.get_by_text("Device approved until").wait_for()
    inspector.look("empty queue")
    customer.start()
    page.get_by_text("1 waiting").wait_for()
    inspector.look("queue")
    ben.take_next()
    customer.say("A long question " * 20)
    ben.message("A long question").wait_for()
    inspector.look("chat")
    page.keyboard.press("Escape")
    ben.chat.get_by_role("button", name="Close chat").first.click()
    page.get_by_role("dialog").wait_for()
    inspector.look("asking to close")
    page.get_by_role("dialog").get_by_role("button", name="Close chat").click()
    ben.chat.get_by_text("This chat has closed.").wait_for()
    inspector.look("closed")
    second = fresh_console.new_page()
    second.goto(town.console_url)
    second.get_by_role("heading", name="The console is open in another tab").wait_for()
    elsewhere = Inspector(second)
    elsewhere.look("another tab")
    assert {**inspector.found, **elsewhere.found} == {}


def test_no_screen_of_trouble_breaks_a_rule(new_customer: NewCustomer, town: Town) -> None:
    with lying_proxy(town.places.relay_url, town.thread) as liar:
        town.sell_through(liar.url)
        liar.file = lambda path, content: b"{}" if path == "/v1/trust" else content
        visitor = new_customer().visit(town.other_shop_url).open()
        visitor.app.get_by_role("heading", name="We could not confirm who this is").wait_for()
        inspector = Inspector(visitor.page)
        inspector.look("not confirmed", inside=True)
        assert inspector.found == {}
