"""The main job of the widget with a real relay and a real agent, in every engine that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect
from tests.support.engine_port import APP, Tab, wait_until
from tests.support.hostile_town import FIELD, open_widget, start_chat

if TYPE_CHECKING:
    from tests.support.demo_town import Town
    from tests.support.engine_port import Engine
    from tests.support.screen_people import AgentScreen

CANARY: Final = "Canary 4711"
# What a script of the page finds when it takes everything that is kept and tries to take the keys out.
LOOT: Final = """async (word) => {
  const done = (request) => new Promise((yes, no) => { request.onsuccess = () => yes(request.result); request.onerror = no })
  const values = []
  for (const { name } of await indexedDB.databases()) {
    const base = await done(indexedDB.open(name))
    for (const store of base.objectStoreNames) values.push(...await done(base.transaction(store).objectStore(store).getAll()))
    base.close()
  }
  const found = { records: values.length, keys: 0, taken: 0, readable: false }
  const look = async (value) => {
    if (value instanceof CryptoKey) {
      if (value.type !== 'public') found.keys += 1
      if (value.type !== 'public') await crypto.subtle.exportKey('jwk', value).then(() => { found.taken += 1 }, () => undefined)
    } else if (value instanceof Uint8Array) found.readable ||= new TextDecoder('latin1').decode(value).includes(word)
    else if (value instanceof Map) for (const each of value.values()) await look(each)
    else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) await look(each)
  }
  for (const value of values) await look(value)
  return found
}"""


def sees(tab: Tab, text: str) -> None:
    wait_until(tab, "document.body.innerText.includes(given[0])", text, depth=APP)


def press(tab: Tab, name: str) -> None:
    wait_until(tab, BUTTON.format("given[0]"), name, depth=APP)
    tab.run(f"(name) => {BUTTON.format('name')}.click()", name, depth=APP)


BUTTON: Final = (
    "[...document.querySelectorAll('button')].findLast((each) => (each.ariaLabel ?? each.textContent).trim() === {})"
)


@pytest.mark.timeout(240)
def test_a_customer_talks_comes_back_and_leaves_nothing_readable(engine: Engine, town: Town, ana: AgentScreen) -> None:
    tab = engine.tab()
    tab.goto(town.shop_url)
    start_chat(tab)
    ana.take_next()
    sees(tab, "You and Ana can read this chat")
    tab.type(f"{CANARY}\n", into=FIELD)
    expect(ana.message(CANARY)).to_be_visible()
    ana.say("A new one is on its way")
    sees(tab, "A new one is on its way")

    loot = tab.run(LOOT, CANARY)
    assert isinstance(loot, dict)
    assert (loot["taken"], loot["readable"]) == (0, False)
    assert loot["keys"] == 2, "the device's key and the one that seals"

    tab.reload()
    open_widget(tab)
    sees(tab, CANARY)
    if engine.keeps_profile:
        engine.restart()
        tab = engine.tab()
        tab.goto(town.shop_url)
        open_widget(tab)
        sees(tab, CANARY)
    tab.type("I am back\n", into=FIELD)
    expect(ana.message("I am back")).to_be_visible()
    press(tab, "End chat")
    sees(tab, "End this chat?")
    press(tab, "End chat")
    sees(tab, "This chat has closed.")
    tab.close()
