"""The customer keeps the chat open from the privacy centre: the policy's words, one press, and the relay's own database says until when."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.support.inspector import Inspector

from sotto_keys.ceremony.office import Office
from sotto_keys.shared.receipt_bundle import verify_bundle

if TYPE_CHECKING:
    from tests.support.demo_town import Town
    from tests.support.screen_people import AgentScreen, CustomerScreen


def newest(town: Town) -> tuple[int, list[str]]:
    """For how long the newest conversation is open after it was opened, and its events."""
    with sqlite3.connect(f"file:{town.places.relay / 'sotto.db'}?mode=ro", uri=True) as database:
        name, life = database.execute(
            "SELECT id, closes_at - opened_at FROM conversation ORDER BY key DESC LIMIT 1"
        ).fetchone()
        rows = database.execute('SELECT event FROM ledger WHERE conversation = ? ORDER BY "index"', (name,))
        return life, [str(row[0]) for row in rows]


def test_one_press_keeps_it_open_and_not_now_does_not(town: Town, customer: CustomerScreen, ana: AgentScreen) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana")
    before, _ = newest(town)
    app, inspector = customer.app, Inspector(customer.page)
    expect(app.get_by_role("button", name="Need longer?")).to_have_count(0)
    customer.press("Your privacy")
    customer.press("Need longer?")
    card = app.get_by_role("region", name="Your decision")
    expect(card.get_by_text("Keep this chat open for up to 24 more hours?")).to_be_visible()
    expect(card.get_by_text("The people of the Support desk who are here")).to_be_visible()
    inspector.look("longer", inside=True)
    assert inspector.found == {}
    customer.press("Not now")
    expect(card).to_have_count(0)
    assert newest(town) == (before, ["open"])
    customer.press("Need longer?")
    customer.press("Keep it open")
    expect(card).to_have_count(0)
    expect(app.get_by_text("Keeping the chat open")).to_have_count(0)
    expect(app.get_by_role("button", name="Need longer?")).to_be_visible()
    after, events = newest(town)
    assert after > before
    assert events == ["open", "renew"]
    with customer.page.expect_download() as saving:
        customer.press("Save your decisions")
    root = Office(town.places.office).roots().newest.digest
    start, longer = verify_bundle(saving.value.path().read_bytes(), pinned=root).decisions
    assert longer.decision.claims.expires_at > start.decision.claims.expires_at
    assert longer.receipt is not None
    customer.press("Back")
    customer.say("Thank you")
    expect(ana.message("Thank you")).to_be_visible()
