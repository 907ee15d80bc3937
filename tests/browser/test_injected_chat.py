"""Injections between a real customer and a real agent, whose very name is one: widget and console show them as text (threats 35, 67)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.injections import injections
from tests.support.screen_people import AgentScreen
from tests.support.waiting import until_in

from sotto_cli.demo.places import DESK, ORG_NAME

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Dialog, Frame, Locator
    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen

BADGE: Final = f"Certified by {ORG_NAME}"
NAME: Final = f"{BADGE} <img src=x onerror=alert(1)>"
IN_A_MESSAGE: Final = 10
TEXTS: Final = (*injections(seed=35, count=49), BADGE)
# Several in each, so that the limit of messages is not what is tested.
MESSAGES: Final = tuple("\n".join(TEXTS[at : at + IN_A_MESSAGE]) for at in range(0, len(TEXTS), IN_A_MESSAGE))
# Elements that neither program's screens have, where they show text.
FOREIGN: Final = (
    "script[src*='stolen'], img, iframe, object, embed, video, audio, form[action], style, link, base, meta, math, x"
)
WATCH: Final = """() => { window.broken = []
  addEventListener('securitypolicyviolation', (event) => broken.push(`${event.effectiveDirective} ${event.sample}`)) }"""
# What each of the texts would do if it were code, and what the policies of both programs refuse aloud.
ATTEMPT: Final = "() => { try { document.createElement('i').innerHTML = '<b>' } catch { return 'refused' } }"


@dataclass
class Watched:
    """What a browser did that nobody asked for."""

    context: BrowserContext
    asked: set[str] = field(default_factory=set)
    dialogs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("request", lambda request: self.asked.add(request.url.split("/")[2]))
        self.context.on("dialog", self._note)

    def _note(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def mallory(fresh_console: BrowserContext, town: Town) -> AgentScreen:
    """Somebody whom an officer approved under a name that would be code, and the organisation's own words before it."""
    password = town.places.folder / "people" / "mallory.txt"
    password.write_text("a password of twenty letters", "utf-8")
    named = ("--display-name", NAME, "--desk", DESK, "--password-file", str(password))
    town.run("agents", "add", "mallory", *named)
    fresh_console.add_init_script(f"({WATCH})()")
    screen = AgentScreen(fresh_console.new_page())
    town.officer_leaves()
    try:
        screen.sign_in(town.console_url, agent="mallory", password=town.password("mallory")).ask_for_approval()
        issue(town, "mallory", name=NAME)
    finally:
        town.officer_comes()
    screen.page.get_by_text("Device approved until").wait_for()
    return screen


def issue(town: Town, person: str, *, name: str) -> None:
    """An officer who does not look at the name that stands in the request."""
    requests = town.run("agents", "requests")["requests"]
    assert isinstance(requests, list)
    [code] = [each["code"] for each in requests if each["person"] == person]
    office = ("--office", str(town.places.office), "--passphrase-file", str(town.places.passphrase))
    signed = town.run("keys", "issue", code, "--name", name, "--desk", DESK, *office)
    town.run("trust", "publish", "--relay", town.places.relay_url, str(signed["file"]))


def app_of(customer: CustomerScreen) -> Frame:
    return customer.page.main_frame.child_frames[0].child_frames[0]


def is_all_text(frame: Frame) -> None:
    assert frame.evaluate("() => broken") == []
    assert frame.evaluate("() => typeof globalThis.pwned") == "undefined"
    assert frame.evaluate(f'() => document.body.querySelectorAll("{FOREIGN}").length') == 0


def would_have_noticed(frame: Frame) -> None:
    assert frame.evaluate(ATTEMPT) == "refused"
    until_in(frame, "broken.length > 0")


def has_one_badge(roster: Locator) -> None:
    """One for the one agent, from the credential; a name that repeats its words is a name, without shield or colour."""
    badges = roster.locator(".person .verified")
    assert badges.all_inner_texts() == [BADGE]
    assert badges.locator("svg").count() == 1
    assert roster.locator(".person bdi svg, .verified bdi").count() == 0


@pytest.mark.timeout(180)
def test_fifty_injections_each_way_and_a_name_that_is_one_are_text_on_both_screens(
    customer: CustomerScreen, mallory: AgentScreen, town: Town
) -> None:
    seen = [Watched(customer.page.context), Watched(mallory.page.context)]
    customer.page.evaluate("(text) => { document.title = text }", TEXTS[0])
    title = mallory.page.title()
    customer.start()
    app_of(customer).evaluate(WATCH)
    mallory.take_next()
    customer.meets(NAME)
    for text in MESSAGES:
        customer.say(text)
    mallory.chat.locator(".bubble").nth(len(MESSAGES) - 1).wait_for()
    for text in MESSAGES:
        mallory.say(text)
    customer.app.get_by_role("log").locator(".bubble").nth(2 * len(MESSAGES) - 1).wait_for()

    shown = [*MESSAGES, *MESSAGES]
    assert customer.app.get_by_role("log").locator(".bubble").all_text_contents() == shown
    assert mallory.chat.locator(".bubble").all_text_contents() == shown
    is_all_text(app_of(customer))
    is_all_text(mallory.page.main_frame)
    assert (customer.page.url, mallory.page.url) == (f"{town.shop_url}/", town.console_url)
    assert mallory.page.title() == title
    ours = {town.places.relay_url.split("/")[2], town.shop_url.split("/")[2]}
    assert [(each.dialogs, each.asked - ours) for each in seen] == [([], set()), ([], set())]

    customer.app.get_by_role("button", name="can read this chat").click()
    has_one_badge(customer.app.locator(".widget"))
    assert NAME in customer.app.locator(".person bdi").all_text_contents()
    customer.press("Back")
    has_one_badge(mallory.page.get_by_role("complementary", name="Who can read"))
    would_have_noticed(app_of(customer))
    would_have_noticed(mallory.page.main_frame)
