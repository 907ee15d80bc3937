"""The customer lets people in one by one, and sends them away: what the screen says, who can really decrypt, and what the ledger holds."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect
from tests.support.inspector import Inspector
from tests.support.screen_people import AgentScreen

from sotto_cli.demo.places import GUESTS
from sotto_keys.ceremony.office import Office
from sotto_keys.shared.receipt_bundle import verify_bundle
from sotto_keys.shared.untrusted import Untrusted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser
    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen

    from sotto_wire.ids import Digest

    Console = Callable[[str], AgentScreen]

SUE, DORA, STEAM = GUESTS
LOOKS: Final = "(each) => { const s = getComputedStyle(each); const b = each.getBoundingClientRect(); return [each.tagName, s.fontSize, s.fontWeight, s.color, s.backgroundColor, s.borderColor, Math.round(b.width), Math.round(b.height)] }"  # noqa: E501
"""What a button looks like, without its words and its place."""


@pytest.fixture(scope="module")
def consoles(browser: Browser, town: Town) -> Iterator[Console]:
    """Consoles of people who can be asked for, each signed in and approved once."""
    open_ones: dict[str, AgentScreen] = {}

    def console(agent: str) -> AgentScreen:
        if agent not in open_ones:
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            context.set_default_timeout(45_000)
            screen = AgentScreen(context.new_page())
            screen.sign_in(town.console_url, agent=agent, password=town.password(agent)).get_approved()
            open_ones[agent] = screen
        return open_ones[agent]

    yield console
    for screen in open_ones.values():
        screen.page.context.close()


@pytest.fixture
def chat(customer: CustomerScreen, ana: AgentScreen) -> tuple[CustomerScreen, AgentScreen]:
    """A customer who talks with Ana."""
    customer.start()
    ana.take_next()
    customer.meets("Ana")
    return customer, ana


def ledger(town: Town) -> list[str]:
    """The events of the newest conversation."""
    path = town.places.relay / "sotto.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        newest = "(SELECT id FROM conversation ORDER BY key DESC LIMIT 1)"
        rows = database.execute(f'SELECT event FROM ledger WHERE conversation = {newest} ORDER BY "index"')  # noqa: S608
        return [str(row[0]) for row in rows]


@pytest.mark.parametrize(
    ("agent", "name", "moment", "label"),
    [
        ("ben", "Ben", "A colleague of this desk, to help", "support desk, helping"),
        (DORA.agent, DORA.name, "An agent of another desk, to help", "returns desk, helping"),
        (SUE.agent, SUE.name, "A supervisor, for quality review", "Supervisor, quality review"),
    ],
)
def test_somebody_comes_in_by_one_press_reads_new_messages_only_and_goes_by_one(
    chat: tuple[CustomerScreen, AgentScreen],
    consoles: Console,
    town: Town,
    agent: str,
    name: str,
    moment: str,
    label: str,
) -> None:
    customer, ana = chat
    guest = consoles(agent)
    customer.say("Before")
    expect(ana.message("Before")).to_be_visible()
    ana.ask_for(moment, who=name)
    ana.sees("Waiting for an answer")
    assert ledger(town) == ["open", "request"]
    customer.asked(name)
    customer.press("Allow")
    guest.open_chat()
    customer.sees("3 people can read this chat").wait_for()
    ana.sees("Allowed")
    assert ledger(town) == ["open", "request", "give"]
    customer.say("While three")
    expect(guest.message("While three")).to_be_visible()
    assert guest.messages() == ["While three"]
    guest.say("I can help")
    said = customer.message("I can help")
    expect(said).to_be_visible()
    expect(said).to_contain_text(name)
    if label != "support desk, helping":
        expect(said).to_contain_text(label.replace("returns desk, ", "").strip().split(",")[-1].strip())
    customer.press(f"Stop {name}")
    customer.sees("You and Ana can read this chat").wait_for()
    customer.say("After")
    expect(ana.message("After")).to_be_visible()
    assert guest.messages() == ["While three", "I can help"]
    assert ledger(town) == ["open", "request", "give", "withdraw"]
    ana.sees("Stopped by the customer")
    saved = save_decisions(customer)
    start, asked = verify_bundle(saved, pinned=root_of(town)).decisions
    assert start.receipt is not None
    assert asked.newcomer is not None
    assert asked.newcomer.name == name
    assert asked.receipt is not None
    assert asked.withdrawal is not None
    assert asked.withdrawal_receipt is not None
    flipped = bytearray(saved)
    flipped[len(saved) // 3] ^= 1
    with pytest.raises(Untrusted):
        verify_bundle(bytes(flipped), pinned=None)


def save_decisions(customer: CustomerScreen) -> bytes:
    """The file as the browser downloads it."""
    customer.app.get_by_role("button", name="can read this chat").click()
    with customer.page.expect_download() as coming:
        customer.press("Save your decisions")
    customer.press("Back")
    assert coming.value.suggested_filename == "sotto-decisions.json"
    return coming.value.path().read_bytes()


def root_of(town: Town) -> Digest:
    return Office(town.places.office).roots().newest.digest


@pytest.mark.parametrize(
    ("press", "event", "told"), [("Don’t allow", "refuse", "Refused"), ("Not now", "defer", "Not now")]
)
def test_a_no_lets_nobody_in_and_is_kept(
    chat: tuple[CustomerScreen, AgentScreen], consoles: Console, town: Town, press: str, event: str, told: str
) -> None:
    customer, ana = chat
    consoles("ben")
    ana.ask_for("A colleague of this desk, to help", who="Ben")
    customer.asked("Ben")
    customer.press(press)
    ana.sees(told)
    customer.sees("You and Ana can read this chat").wait_for()
    assert ledger(town) == ["open", "request", event]
    expect(customer.app.get_by_role("heading", name="A question for you")).to_have_count(0)


def test_the_two_answers_are_equal_and_nothing_is_chosen(
    chat: tuple[CustomerScreen, AgentScreen], consoles: Console
) -> None:
    customer, ana = chat
    consoles("ben")
    ana.ask_for("A colleague of this desk, to help", who="Ben")
    customer.asked("Ben")
    no, yes = (customer.app.get_by_role("button", name=each, exact=True) for each in ("Don’t allow", "Allow"))
    assert no.evaluate(LOOKS) == yes.evaluate(LOOKS)
    assert customer.app.locator(".prompt input, .prompt [aria-checked], .prompt [autofocus]").count() == 0
    assert not yes.evaluate("(each) => each.matches(':focus')")
    customer.press("Not now")


def test_a_question_survives_a_reload_and_its_answer_too(
    chat: tuple[CustomerScreen, AgentScreen], consoles: Console
) -> None:
    customer, ana = chat
    consoles("ben")
    ana.ask_for("A colleague of this desk, to help", who="Ben")
    customer.asked("Ben")
    customer.page.reload()
    customer.open()
    customer.asked("Ben")
    customer.press("Allow")
    customer.sees("3 people can read this chat").wait_for()
    customer.page.reload()
    customer.open()
    customer.press("Stop Ben")
    customer.sees("You and Ana can read this chat").wait_for()


def test_a_guest_asks_nothing_and_closes_nothing(chat: tuple[CustomerScreen, AgentScreen], consoles: Console) -> None:
    customer, ana = chat
    guest = consoles("ben")
    ana.ask_for("A colleague of this desk, to help", who="Ben")
    customer.asked("Ben")
    customer.press("Allow")
    guest.open_chat()
    # Once both have said something the guest's screen is whole, and Ana's has the buttons that it must not have.
    guest.say("I can help")
    expect(ana.message("I can help")).to_be_visible()
    expect(ana.chat.get_by_role("button", name="Close chat").first).to_be_visible()
    expect(ana.chat.get_by_role("button", name="Ask for…")).to_be_visible()
    for name in ("Close chat", "Ask for…", "Hand over"):
        expect(guest.chat.get_by_role("button", name=name)).to_have_count(0)


@pytest.mark.timeout(180)
def test_this_chat_so_far_is_shared_with_the_newcomer_alone(
    chat: tuple[CustomerScreen, AgentScreen], consoles: Console, town: Town
) -> None:
    customer, ana = chat
    guest = consoles("ben")
    customer.say("My lid is cracked")
    expect(ana.message("My lid is cracked")).to_be_visible()
    ana.say("Which kettle is it?")
    expect(customer.message("Which kettle is it?")).to_be_visible()
    ana.ask_for("A colleague of this desk, to help", who="Ben")
    customer.asked("Ben")
    customer.press("Allow")
    question = customer.app.get_by_role("heading", name="Share earlier messages with Ben?")
    question.wait_for()
    customer.sees("this chat has 2 messages from before Ben came").wait_for()
    theirs, his = Inspector(customer.page), Inspector(guest.page)
    theirs.look("a question of the device's own", inside=True)
    # Kept by the device until it is answered: it asks again after a reload.
    customer.page.reload()
    customer.open()
    question.wait_for()
    # Not before: the pointer stood where it had pressed "Allow".
    so_far, nothing = (
        customer.app.get_by_role("button", name=each, exact=True) for each in ("This chat so far", "Nothing")
    )
    assert so_far.evaluate(LOOKS) == nothing.evaluate(LOOKS)
    assert not so_far.evaluate("(each) => each.matches(':focus')")
    customer.press("This chat so far")
    customer.sees("You shared 2 messages with Ben.").wait_for()
    expect(question).to_have_count(0)
    guest.open_chat()
    expect(guest.message("My lid is cracked")).to_be_visible()
    assert guest.messages() == ["My lid is cracked", "Which kettle is it?"]
    expect(guest.message("My lid is cracked")).to_contain_text("shared by the customer")
    expect(guest.message("Which kettle is it?")).to_contain_text("Ana")
    guest.sees("Shared by the customer: 2 messages from before you came.")
    first = guest.chat.locator(".event").first
    expect(first).to_contain_text("It is no proof.")
    customer.say("Can you help?")
    expect(guest.message("Can you help?")).to_be_visible()
    expect(guest.message("Can you help?")).not_to_contain_text("shared by the customer")
    ana.sees("The customer shared earlier messages with Ben.")
    assert ana.messages() == ["My lid is cracked", "Which kettle is it?", "Can you help?"]
    assert ledger(town) == ["open", "request", "give"]
    his.look("what was shared")
    theirs.look("that it was shared", inside=True)
    assert {**theirs.found, **his.found} == {}


@pytest.mark.parametrize("press", ["Nothing", "Share nothing and close"])
def test_nothing_or_closing_the_question_shares_nothing(
    chat: tuple[CustomerScreen, AgentScreen], consoles: Console, press: str
) -> None:
    customer, ana = chat
    guest = consoles("ben")
    customer.say("My lid is cracked")
    expect(ana.message("My lid is cracked")).to_be_visible()
    ana.ask_for("A colleague of this desk, to help", who="Ben")
    customer.asked("Ben")
    customer.press("Allow")
    question = customer.app.get_by_role("heading", name="Share earlier messages with Ben?")
    question.wait_for()
    customer.press(press)
    expect(question).to_have_count(0)
    guest.open_chat()
    customer.say("While three")
    expect(guest.message("While three")).to_be_visible()
    assert guest.messages() == ["While three"]
    customer.page.reload()
    customer.open()
    customer.sees("3 people can read this chat").wait_for()
    expect(question).to_have_count(0)


@pytest.mark.timeout(180)
def test_no_screen_of_a_question_breaks_a_rule(chat: tuple[CustomerScreen, AgentScreen], consoles: Console) -> None:
    customer, ana = chat
    consoles("ben")
    theirs, hers = Inspector(customer.page), Inspector(ana.page)
    ana.chat.get_by_role("button", name="Ask for…").click()
    dialog = ana.page.get_by_role("dialog", name="Ask the customer to let somebody in")
    dialog.get_by_label("A colleague of this desk, to help").check()
    dialog.get_by_label("Ben").first.check()
    hers.look("the card beforehand")
    dialog.get_by_role("button", name="Ask the customer").click()
    customer.asked("Ben")
    theirs.look("a question", inside=True)
    hers.look("waiting for an answer")
    customer.press("Allow")
    customer.sees("3 people can read this chat").wait_for()
    theirs.look("somebody let in", inside=True)
    customer.app.get_by_role("button", name="can read this chat").click()
    customer.app.get_by_role("button", name="Save your decisions").wait_for()
    theirs.look("who can read", inside=True)
    customer.press("Back")
    assert {**theirs.found, **hers.found} == {}
