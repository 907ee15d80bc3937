"""What a browser damaged or lost: the chat goes on in its next group with nobody asked, or says in words that it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect
from tests.support.inspector import Inspector

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.support.demo_town import Town
    from tests.support.screen_people import AgentScreen, CustomerScreen

RECONNECTED: Final = "Reconnected at"
SPOIL: Final = """async (prefix) => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  let spoilt = 0
  for (const { name } of await indexedDB.databases()) {
    const base = await done(indexedDB.open(name))
    const sealed = base.transaction('sealed', 'readwrite').objectStore('sealed')
    for (const key of await done(sealed.getAllKeys())) {
      if (!key.startsWith(prefix)) continue
      const record = await done(sealed.get(key))
      record[record.length - 1] ^= 1
      await done(sealed.put(record, key))
      spoilt += 1
    }
    base.close()
  }
  return spoilt
}"""
WIPE: Final = """async () => {
  for (const { name } of await indexedDB.databases()) await new Promise((resolve, reject) => {
    const gone = indexedDB.deleteDatabase(name)
    gone.onsuccess = resolve
    gone.onerror = () => reject(gone.error)
  })
}"""


def talking(customer: CustomerScreen, ana: AgentScreen) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana").say("My kettle leaks")
    expect(ana.message("My kettle leaks")).to_be_visible()
    ana.say("Which one is it?")
    expect(customer.message("Which one is it?")).to_be_visible()
    # Until then the devices still write down what they hear of it, over whatever was spoilt.
    expect(ana.message("Which one is it?", standing="Delivered")).to_be_visible()
    expect(customer.message("My kettle leaks", standing="Delivered")).to_be_visible()


def spoil_the_chat(page: Page) -> None:
    """A bit of what rests of the conversation flips, as on a bad disk."""
    assert page.evaluate(SPOIL, "conversation.") == 1


def goes_on(customer: CustomerScreen, ana: AgentScreen) -> None:
    """They hear each other, and compare the same words."""
    customer.meets("Ana").say("The blue one")
    expect(ana.message("The blue one")).to_be_visible()
    ana.say("I see")
    expect(customer.message("I see")).to_be_visible()
    names = ["This device", "Ana"]
    readers = customer.readers()
    assert readers[:2] == names
    assert ana.readers() == ["Customer", "This device", *readers[2:]]


@pytest.mark.timeout(120)
def test_a_customers_damaged_record_ends_nothing(customer: CustomerScreen, ana: AgentScreen, town: Town) -> None:
    talking(customer, ana)
    customer.visit(town.shop_url)
    spoil_the_chat(customer.page)
    customer.open().sees(RECONNECTED).wait_for()
    ana.chat.get_by_text(RECONNECTED).wait_for()
    goes_on(customer, ana)
    looks = Inspector(customer.page)
    looks.look("reconnected", inside=True)
    hers = Inspector(ana.page)
    hers.look("reconnected at the desk")
    assert {**looks.found, **hers.found} == {}
    assert ana.messages() == ["My kettle leaks", "Which one is it?", "The blue one", "I see"]


@pytest.mark.timeout(120)
def test_an_agents_damaged_record_ends_nothing_but_what_it_held(customer: CustomerScreen, ana: AgentScreen) -> None:
    talking(customer, ana)
    spoil_the_chat(ana.page)
    ana.page.reload()
    customer.sees(RECONNECTED).wait_for()
    ana.page.get_by_role("navigation").get_by_role("button", name="Customer ·").click()
    goes_on(customer, ana)
    assert customer.messages() == ["My kettle leaks", "Which one is it?", "The blue one", "I see"]
    assert ana.messages() == ["The blue one", "I see"]


@pytest.mark.timeout(120)
def test_a_wiped_storage_is_told_in_words_and_starts_nothing_by_itself(
    customer: CustomerScreen, ana: AgentScreen, town: Town
) -> None:
    talking(customer, ana)
    customer.page.evaluate(WIPE)
    # The next thing that is to be kept finds nothing to be kept beside.
    ana.say("Are you there?")
    customer.app.get_by_role("heading", name="Your chat is no longer on this device").wait_for()
    looks = Inspector(customer.page)
    looks.look("chat lost", inside=True)
    assert looks.found == {}
    assert customer.page.evaluate("indexedDB.databases()") == []
    customer.visit(town.shop_url).open().app.get_by_role("heading", name="Before we chat").wait_for()
    ana.close_chat()
    ana.chat.get_by_text("This chat has closed.").wait_for()
