"""One walk through a conversation's life: after each step the roster on the screen, who really decrypts, and the ledger say the same."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect
from tests.support.demo_town import ANA, branch_of
from tests.support.inspector import Inspector
from tests.support.new_policy import bring_into_force
from tests.support.policies import edited
from tests.support.screen_people import AgentScreen, CustomerScreen

from sotto_cli.demo.places import AGENTS, GUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from tests.support.demo_town import Town

PATIENCE_MS: Final = 45_000
BEN: Final = AGENTS[1]
SUE, DORA, STEAM = GUESTS
EVERYBODY: Final = (ANA, BEN, SUE, DORA, STEAM)
ANOTHER_COMPANY: Final = edited('legal_id = "IE 612345"', 'legal_id = "IE 999999"')

pytestmark = pytest.mark.timeout(300)  # five consoles in one browser


@pytest.fixture(scope="module")
def branch(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A policy that is in force stays: nobody else's town."""
    with branch_of(town, tmp_path_factory.mktemp("walk") / "demo") as built:
        yield built


@pytest.fixture(scope="module")
def consoles(browser: Browser, branch: Town) -> Iterator[dict[str, AgentScreen]]:
    screens: dict[str, AgentScreen] = {}
    for person in EVERYBODY:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(PATIENCE_MS)
        screen = AgentScreen(context.new_page())
        screen.sign_in(branch.console_url, agent=person.agent, password=branch.password(person.agent)).get_approved()
        screens[person.name] = screen
    yield screens
    for screen in screens.values():
        screen.page.context.close()


@pytest.fixture
def walk(browser: Browser, branch: Town, consoles: dict[str, AgentScreen]) -> Iterator[Walk]:
    context = browser.new_context(viewport={"width": 1100, "height": 760})
    context.set_default_timeout(PATIENCE_MS)
    customer = CustomerScreen(context.new_page()).visit(branch.shop_url)
    walk = Walk(branch, customer, consoles)
    yield walk
    customer.leave()
    context.close()


@dataclass
class Walk:
    """A conversation, and what must be true of it after each step."""

    town: Town
    customer: CustomerScreen
    consoles: dict[str, AgentScreen]
    inside: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    said: list[tuple[str, frozenset[str]]] = field(default_factory=list)

    @property
    def ana(self) -> AgentScreen:
        return self.consoles["Ana"]

    def begin(self) -> None:
        self.customer.start()
        self.ana.take_next()
        self.customer.meets("Ana")
        self.now(inside=["Ana"], happened=["open"])

    def asks(self, moment: str, who: str, *, press: str) -> None:
        self.ana.ask_for(moment, who=who)
        self.customer.asked(who)
        self.customer.press(press)

    def comes_in(self, name: str) -> None:
        self.customer.app.get_by_role("button", name=f"Stop {name}").wait_for()
        self.consoles[name].open_chat()

    def now(self, *, inside: list[str], happened: list[str]) -> None:
        """Roster, decryption and ledger: who is inside reads the next message, nobody else does, now or later."""
        self.inside, self.events = inside, [*self.events, *happened]
        roster = self.customer.readers()
        assert [name for name in roster if name in self.consoles] == inside
        text = f"After {len(self.events)} events: {len(self.said)}"
        self.customer.say(text)
        self.said.append((text, frozenset(inside)))
        for name in inside:
            expect(self.consoles[name].message(text)).to_be_visible()
        for earlier, readers in self.said:
            for name in self.consoles.keys() - readers:
                expect(self.consoles[name].page.get_by_text(earlier)).to_have_count(0)
        assert ledger(self.town) == self.events


def ledger(town: Town) -> list[str]:
    """The events of the newest conversation."""
    path = town.places.relay / "sotto.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        newest = "(SELECT id FROM conversation ORDER BY key DESC LIMIT 1)"
        rows = database.execute(f'SELECT event FROM ledger WHERE conversation = {newest} ORDER BY "index"')  # noqa: S608
        return [str(row[0]) for row in rows]


def test_a_no_and_a_not_now_change_nothing_but_the_ledger(walk: Walk) -> None:
    walk.begin()
    walk.asks("A colleague of this desk, to help", "Ben", press="Not now")
    walk.ana.sees("Not now")
    walk.now(inside=["Ana"], happened=["request", "defer"])
    walk.asks("A supervisor, to help", "Sue", press="Don’t allow")
    walk.ana.sees("Refused")
    walk.now(inside=["Ana"], happened=["request", "refuse"])
    walk.asks("An AI assistant", "Steam", press="Don’t allow")
    walk.now(inside=["Ana"], happened=["request", "refuse"])


def test_people_come_in_and_go_as_the_customer_and_the_policy_say(walk: Walk) -> None:
    walk.begin()
    walk.asks("A colleague of this desk, to help", "Ben", press="Allow")
    walk.comes_in("Ben")
    walk.now(inside=["Ana", "Ben"], happened=["request", "give"])
    walk.asks("An agent of another desk, to help", "Dora", press="Don’t allow")
    walk.now(inside=["Ana", "Ben"], happened=["request", "refuse"])
    walk.asks("A supervisor, to help", "Sue", press="Allow")
    walk.comes_in("Sue")
    walk.now(inside=["Ana", "Ben", "Sue"], happened=["request", "give"])
    walk.asks("An AI assistant", "Steam", press="Allow")
    walk.comes_in("Steam")
    walk.now(inside=["Ana", "Ben", "Sue", "Steam"], happened=["request", "give"])

    bring_into_force(walk.town, ANOTHER_COMPANY, name="another-company")
    expect(walk.customer.app.get_by_role("button", name="Stop Steam")).to_have_count(0)
    walk.customer.sees("The privacy terms have changed").wait_for()
    walk.ana.sees("No longer valid")
    walk.now(inside=["Ana", "Ben", "Sue"], happened=["invalidate"])

    centre = walk.customer.app
    walk.customer.press("What changed")
    centre.get_by_role("heading", name="Your privacy in this chat").wait_for()
    expect(centre.get_by_text("somebody else is responsible").first).to_be_visible()
    expect(centre.get_by_text("Ended: the privacy terms changed")).to_be_visible()
    walk.customer.press("Stop Sue")
    expect(centre.get_by_text("You stopped it")).to_be_visible()
    walk.customer.press("Back")
    walk.now(inside=["Ana", "Ben"], happened=["withdraw"])
    walk.customer.press("Stop Ben")
    expect(walk.customer.app.get_by_role("button", name="Stop Ben")).to_have_count(0)
    walk.now(inside=["Ana"], happened=["withdraw"])


def test_the_privacy_centre_shows_every_row_and_breaks_no_rule(walk: Walk) -> None:
    walk.begin()
    app = walk.customer.app
    walk.customer.press("Your privacy")
    expect(app.get_by_text("Write to privacy@kettle.example.")).to_be_visible()
    walk.customer.press("Show what it holds")
    tables = app.locator("details.held summary")
    expect(tables.filter(has_text="ledger")).to_have_count(1)
    tables.filter(has_text="member").click()
    expect(app.get_by_text("public key of the member's device").first).to_be_visible()
    inspector = Inspector(walk.customer.page)
    inspector.look("privacy centre", inside=True)
    assert inspector.found == {}
    walk.customer.press("Back")
