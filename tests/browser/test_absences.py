"""Somebody is not there: a customer away, a message left at night, words that were typed and not sent."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.support.demo_town import ANA, BEN
from tests.support.screen_people import AgentScreen, CustomerScreen
from tests.support.waiting import until, until_in, until_kept

from sotto_cli.demo.places import DESK
from sotto_keys.ceremony.device_request import DeviceRequest, to_code
from sotto_keys.ceremony.office import Office

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route
    from tests.support.demo_town import Town

AWAY = "Customer away"


def test_an_agent_takes_a_chat_whose_customer_is_away(customer: CustomerScreen, ana: AgentScreen, town: Town) -> None:
    customer.start().say("I have to get off the train")
    expect(customer.message("I have to get off the train", standing="Will be sent")).to_be_visible()
    customer.page.goto("about:blank")
    ana.page.get_by_role("region", name="Support").get_by_text(AWAY).wait_for()
    ana.page.locator("button:enabled", has_text="Next chat").click()
    ana.chat.get_by_text("Their device lets you in when it is back").wait_for()
    customer.visit(town.shop_url).open()
    expect(ana.message("I have to get off the train")).to_be_visible()
    expect(ana.chat.get_by_text(AWAY)).to_be_hidden()
    ana.say("Welcome back")
    expect(customer.message("Welcome back")).to_be_visible()
    customer.page.goto("about:blank")
    ana.chat.get_by_text("Their device gets what you write when it is back").wait_for()
    customer.visit(town.shop_url).open()
    expect(customer.message("Welcome back")).to_be_visible()


@pytest.fixture
def on_call(fresh_console: BrowserContext, town: Town) -> BrowserContext:
    """Ben's browser, whose device an officer approved and put on call. Its console is closed."""
    page = fresh_console.new_page()
    AgentScreen(page).sign_in(town.console_url, agent=BEN.agent, password=town.password(BEN.agent)).get_approved()
    known = Office(town.places.office).credentials()
    device = max((each for each in known if each.person == BEN.agent), key=lambda each: each.nbf)
    code = to_code(DeviceRequest(org=device.org, person=BEN.agent, device=device.device, leaf_key=device.leaf_key))
    office = ("--office", str(town.places.office), "--passphrase-file", str(town.places.passphrase))
    roles = ("--role", "agent", "--role", "on_call")
    signed = town.run("keys", "issue", code, "--name", BEN.name, "--desk", DESK, *roles, *office)
    town.run("trust", "publish", "--relay", town.places.relay_url, str(signed["file"]))
    page.reload()
    page.get_by_text("Device approved until").wait_for()
    credential = Path(str(signed["file"])).read_bytes()
    # The device makes key packages under its new credential; they are what a left message is for.
    until(lambda: any(credential in each for each in packages_at(town)))
    page.close()
    return fresh_console


def packages_at(town: Town) -> list[bytes]:
    """Every key package that the relay holds."""
    with closing(sqlite3.connect(f"file:{town.places.relay / 'sotto.db'}?mode=ro", uri=True)) as base:
        return [package for (package,) in base.execute("SELECT package FROM key_package")]


def test_a_message_left_at_night_is_read_in_the_morning_and_answered(
    customer: CustomerScreen, on_call: BrowserContext, town: Town
) -> None:
    customer.start()
    customer.app.get_by_role("heading", name="Nobody from the Support desk is here right now").wait_for()
    customer.say("My kettle does not boil")
    expect(customer.message("My kettle does not boil", standing="Will be sent")).to_be_visible()
    customer.press("Leave a message")
    customer.sees("Your message is left").wait_for()
    expect(customer.message("My kettle does not boil", standing="Sent")).to_be_visible()
    customer.page.goto("about:blank")

    ben = AgentScreen(on_call.new_page())
    ben.page.goto(town.console_url)
    row = ben.page.get_by_role("button", name="A message was left while nobody was here")
    row.wait_for()
    assert ben.messages() == []
    row.click()
    expect(ben.message("My kettle does not boil")).to_be_visible()
    ben.chat.get_by_text("Customer away").wait_for()
    ben.say("I am sending you a new one")
    expect(ben.message("I am sending you a new one", standing="Sent")).to_be_visible()

    customer.visit(town.shop_url).open()
    expect(customer.message("I am sending you a new one")).to_be_visible()
    customer.sees("You and Ben can read this chat").wait_for()
    expect(ben.message("I am sending you a new one", standing="Delivered")).to_be_visible()


def test_whoever_comes_back_after_the_end_still_reads_what_was_said_before_it(
    customer: CustomerScreen, ana: AgentScreen, town: Town
) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana").page.goto("about:blank")
    ana.chat.get_by_text("Their device gets what you write when it is back").wait_for()
    ana.say("It is on its way to you")
    expect(ana.message("It is on its way to you", standing="Sent")).to_be_visible()
    ana.close_chat()
    ana.chat.get_by_text("This chat has closed.").wait_for()
    customer.visit(town.shop_url).open()
    expect(customer.message("It is on its way to you")).to_be_visible()
    customer.app.get_by_role("heading", name="This chat has closed.").wait_for()
    until_in(customer.page, "indexedDB.databases().then((all) => all.length === 0)")


def test_what_was_typed_survives_a_reload_and_another_tab(customer: CustomerScreen, town: Town) -> None:
    customer.start()
    customer.app.get_by_role("textbox").fill("Half a sentence")
    until_kept(customer.page, "draft.")
    customer.page.reload()
    customer.open()
    expect(customer.app.get_by_role("textbox")).to_have_value("Half a sentence")
    customer.app.get_by_role("textbox").fill("Half a sentence, and more")
    second = CustomerScreen(customer.page.context.new_page()).visit(town.shop_url).open()
    second.press("Use here")
    expect(second.app.get_by_role("textbox")).to_have_value("Half a sentence, and more")
    second.say("Half a sentence, and more.")
    expect(second.app.get_by_role("textbox")).to_have_value("")
    second.leave()


def test_what_an_agent_typed_survives_a_reload_of_the_console(customer: CustomerScreen, ana: AgentScreen) -> None:
    customer.start().say("Hello there")
    ana.take_next()
    expect(ana.message("Hello there")).to_be_visible()
    ana.chat.get_by_role("textbox").fill("Dear custo")
    until_kept(ana.page, "draft.")
    ana.page.reload()
    ana.page.get_by_role("button", name="Hello there").click()
    expect(ana.chat.get_by_role("textbox")).to_have_value("Dear custo")
    assert ANA.name in ana.page.get_by_role("heading", level=1).inner_text()


def test_a_device_whose_clock_is_two_hours_fast_is_told_so_and_chats(
    customer: CustomerScreen, ana: AgentScreen
) -> None:
    customer.page.add_init_script("const now = Date.now; Date.now = () => now() + 2 * 3600 * 1000")
    customer.page.reload()
    customer.start().say("What time is it?")
    customer.sees("The clock of this device is about 2 hours fast").wait_for()
    ana.take_next()
    expect(ana.message("What time is it?")).to_be_visible()
    ana.say("Time for tea")
    expect(customer.message("Time for tea")).to_be_visible()


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        pytest.param(
            "delete window.indexedDB; Object.defineProperty(window, 'indexedDB', {value: undefined})",
            "does not let the page keep encryption keys",
            id="no storage at all",
        ),
        pytest.param(
            "Object.defineProperty(Navigator.prototype, 'locks', {value: undefined}); delete Navigator.prototype.locks",
            "missing something the encryption needs",
            id="an old browser",
        ),
    ],
)
def test_what_the_browser_lacks_is_told_in_words(customer: CustomerScreen, town: Town, missing: str, said: str) -> None:
    customer.page.add_init_script(missing)
    customer.visit(town.shop_url).launcher.click()
    customer.page.locator("sotto-chat").get_by_text(said).wait_for()


def test_a_private_window_that_refuses_to_keep_anything_is_told_in_words(customer: CustomerScreen, town: Town) -> None:
    customer.page.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'InvalidStateError') }"
    )
    customer.visit(town.shop_url).open().press("Start chat")
    customer.app.get_by_role("heading", name="This browser keeps nothing").wait_for()


def test_a_page_without_a_secure_connection_is_told_in_words(customer: CustomerScreen, town: Town) -> None:
    shop = customer.page.request.get(town.shop_url).text()
    customer.page.route("http://shop.example/**", lambda route: route.fulfill(body=shop, content_type="text/html"))
    allowed = {"access-control-allow-origin": "*"}

    def from_relay(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, **allowed})

    customer.page.route(f"{town.places.relay_url}/**", from_relay)
    customer.visit("http://shop.example/").launcher.click()
    customer.page.locator("sotto-chat").get_by_text("was not loaded over a secure connection").wait_for()
