"""Reloads, a relay that loses power, and second tabs: the conversation comes back whole, in order, and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.support.screen_people import AgentScreen, CustomerScreen

if TYPE_CHECKING:
    from tests.support.demo_town import Town


def talk(customer: CustomerScreen, ana: AgentScreen, *texts: str) -> None:
    """The customer says the first, the agent the second, and so on; each is seen before the next."""
    for place, text in enumerate(texts):
        speaker, listener = (customer, ana) if place % 2 == 0 else (ana, customer)
        speaker.say(text)
        expect(listener.message(text)).to_be_visible()


def meet(customer: CustomerScreen, ana: AgentScreen) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana")


def test_a_reload_of_the_shop_brings_the_chat_back(customer: CustomerScreen, ana: AgentScreen) -> None:
    meet(customer, ana)
    talk(customer, ana, "one", "two", "three")
    customer.page.reload()
    customer.open()
    expect(customer.message("three")).to_be_visible()
    assert customer.messages() == ["one", "two", "three"]
    talk(customer, ana, "four", "five")
    assert ana.messages() == ["one", "two", "three", "four", "five"]


def test_what_the_agent_wrote_while_the_page_was_gone_arrives_when_it_is_back(
    customer: CustomerScreen, ana: AgentScreen, town: Town
) -> None:
    meet(customer, ana)
    customer.page.goto("about:blank")
    ana.say("Are you still there?")
    expect(ana.message("Are you still there?", standing="Sent")).to_be_visible()
    customer.visit(town.shop_url).open()
    expect(customer.message("Are you still there?")).to_be_visible()
    expect(ana.message("Are you still there?", standing="Delivered")).to_be_visible()


def test_a_reload_of_the_console_brings_the_chat_back(customer: CustomerScreen, ana: AgentScreen) -> None:
    meet(customer, ana)
    talk(customer, ana, "one", "two", "three")
    words = customer.readers()[2:]
    ana.page.reload()
    ana.page.get_by_role("button", name="three").click()
    expect(ana.message("three")).to_be_visible()
    assert ana.messages() == ["one", "two", "three"]
    assert ana.readers()[2:] == words
    ana.say("four")
    expect(customer.message("four")).to_be_visible()


def test_a_relay_that_lost_power_is_found_again_and_nothing_is_lost(
    customer: CustomerScreen, ana: AgentScreen, town: Town
) -> None:
    meet(customer, ana)
    talk(customer, ana, "one", "two")
    town.kill_relay()
    customer.sees("You are offline").wait_for()
    customer.say("three, while nobody carries it")
    expect(customer.message("three", standing="Sending…")).to_be_visible()
    town.start_relay()
    expect(ana.message("three")).to_be_visible(timeout=25_000)
    expect(customer.message("three", standing="Delivered")).to_be_visible()
    talk(customer, ana, "four", "five")
    assert ana.messages() == customer.messages() == ["one", "two", "three, while nobody carries it", "four", "five"]


def test_a_second_tab_of_the_shop_takes_the_chat_over_on_request(
    customer: CustomerScreen, ana: AgentScreen, town: Town
) -> None:
    meet(customer, ana)
    talk(customer, ana, "one")
    second = CustomerScreen(customer.page.context.new_page()).visit(town.shop_url).open()
    second.app.get_by_role("heading", name="Open in another tab").wait_for()
    second.press("Use here")
    expect(second.message("one")).to_be_visible()
    customer.app.get_by_role("heading", name="Open in another tab").wait_for()
    second.say("from the second tab")
    expect(ana.message("from the second tab")).to_be_visible()
    second.leave()


def test_a_second_tab_of_the_console_takes_the_device_over_on_request(
    customer: CustomerScreen, ana: AgentScreen, town: Town
) -> None:
    meet(customer, ana)
    talk(customer, ana, "one")
    second = AgentScreen(ana.page.context.new_page())
    second.page.goto(town.console_url)
    second.page.get_by_role("heading", name="The console is open in another tab").wait_for()
    second.page.get_by_role("button", name="Use here").click()
    second.page.get_by_role("button", name="one").click()
    second.say("from the second tab")
    expect(customer.message("from the second tab")).to_be_visible()
    ana.page.get_by_role("heading", name="The console is open in another tab").wait_for()
    second.page.close()
