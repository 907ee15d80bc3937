"""The main job, from a real page to a real console: start, join, talk both ways, compare, close."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.support.demo_town import BEN
from tests.support.screen_people import AgentScreen
from tests.support.waiting import until_in

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext
    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen


def test_a_customer_and_an_agent_talk_both_ways(customer: CustomerScreen, ana: AgentScreen) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana")
    customer.say("My kettle leaks at the spout")
    expect(ana.message("My kettle leaks at the spout")).to_be_visible()
    expect(customer.message("My kettle leaks", standing="Delivered")).to_be_visible()
    ana.say("We will send you a new one")
    expect(customer.message("We will send you a new one")).to_be_visible()
    expect(ana.message("We will send", standing="Delivered")).to_be_visible()


def test_both_screens_name_the_same_readers_and_show_the_same_words(customer: CustomerScreen, ana: AgentScreen) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana")
    names, words = customer.readers()[:2], customer.readers()[2:]
    assert names == ["This device", "Ana"]
    assert ana.readers() == ["Customer", "This device", *words]
    assert len(words) == 7
    assert words[-1] == "1"


def test_closing_at_the_console_closes_the_chat_at_the_customer_who_keeps_nothing(
    customer: CustomerScreen, ana: AgentScreen
) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana").say("Thank you")
    expect(ana.message("Thank you")).to_be_visible()
    ana.close_chat()
    customer.app.get_by_role("heading", name="This chat has closed.").wait_for()
    assert customer.messages() == ["Thank you"]
    assert customer.app.get_by_role("textbox").count() == 0
    until_in(customer.page, "indexedDB.databases().then((all) => all.length === 0)")


def test_ending_at_the_customer_closes_the_chat_at_the_console(customer: CustomerScreen, ana: AgentScreen) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana").end()
    ana.chat.get_by_text("This chat has closed.").wait_for()
    assert ana.chat.get_by_role("textbox").count() == 0


def test_what_is_written_before_anybody_joined_is_kept_and_sent_to_whoever_joins(
    customer: CustomerScreen, ana: AgentScreen
) -> None:
    customer.start()
    customer.say("Is anybody there?")
    customer.say("It is urgent")
    expect(customer.message("It is urgent", standing="Will be sent when someone joins")).to_be_visible()
    customer.page.reload()
    customer.open()
    expect(customer.message("Is anybody there?", standing="Will be sent when someone joins")).to_be_visible()
    ana.take_next()
    expect(ana.message("It is urgent")).to_be_visible()
    assert ana.messages() == ["Is anybody there?", "It is urgent"]
    expect(customer.message("It is urgent", standing="Delivered")).to_be_visible()


def test_what_was_written_and_never_sent_says_so_when_the_chat_ends(customer: CustomerScreen) -> None:
    customer.start().say("Nobody will read this")
    expect(customer.message("Nobody will read this", standing="Will be sent")).to_be_visible()
    customer.end()
    expect(customer.message("Nobody will read this", standing="Not sent")).to_be_visible()


def test_a_device_reads_nothing_until_an_officer_approved_it(
    fresh_console: BrowserContext, customer: CustomerScreen, town: Town
) -> None:
    ben = AgentScreen(fresh_console.new_page())
    ben.sign_in(town.console_url, agent=BEN.agent, password=town.password(BEN.agent))
    ben.page.get_by_role("heading", name="This device is not approved yet").wait_for()
    customer.start()
    ben.page.get_by_text("1 waiting").wait_for()
    expect(ben.next_chat).to_be_disabled()
    ben.get_approved().take_next()
    customer.meets("Ben")


SCRIPT_LIKE = (
    "<img src=x onerror=\"document.title='broken in'\">",
    "</p><script>document.title='broken in'</script>",
    "javascript:document.title='broken in'",
    "{{constructor.constructor('document.title=1')()}} ${7*7} %00 &lt;b&gt;",
    "invoice\u202etxt.exe\u202c and \u2066isolated\u2069",
    "שלום, the kettle cost 40 ₪",
)


def test_texts_that_look_like_programs_stay_texts_at_both_ends(customer: CustomerScreen, ana: AgentScreen) -> None:
    titles = customer.page.title(), ana.page.title()
    customer.start()
    ana.take_next()
    customer.meets("Ana")
    for text in SCRIPT_LIKE:
        customer.say(text)
        ana.say(text)
    expect(ana.message(SCRIPT_LIKE[-1])).to_have_count(2)
    expect(customer.message(SCRIPT_LIKE[-1])).to_have_count(2)
    for screen in (customer, ana):
        assert sorted(screen.messages()) == sorted(SCRIPT_LIKE * 2)
    assert (customer.page.title(), ana.page.title()) == titles
    assert ana.chat.locator("img, script, a[href^=javascript]").count() == 0
    assert customer.app.locator(".log img, .log script, .log a").count() == 0
