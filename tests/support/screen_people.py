"""A customer at a shop's page and an agent at the console, as a browser shows them: what they press and what they see. No assertions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import FrameLocator, Locator, Page

    NewCustomer = Callable[[], "CustomerScreen"]


@dataclass(frozen=True, slots=True)
class CustomerScreen:
    """The widget on `page`, a page with the snippet."""

    page: Page

    @property
    def app(self) -> FrameLocator:
        return self.page.frame_locator("sotto-chat iframe").frame_locator("iframe")

    @property
    def launcher(self) -> Locator:
        return self.page.locator("sotto-chat").get_by_role("button", name="Help")

    def visit(self, url: str) -> CustomerScreen:
        self.page.goto(url)
        return self

    def open(self) -> CustomerScreen:
        self.launcher.click()
        return self

    def press(self, name: str) -> None:
        self.app.get_by_role("button", name=name, exact=True).click()

    def start(self) -> CustomerScreen:
        """Opens the chat and starts it; it then waits for somebody to join."""
        self.open().press("Start chat")
        self.app.get_by_role("textbox").wait_for()
        self.sees(re.compile("You are next|ahead of you|is here right now")).wait_for()
        return self

    def say(self, text: str) -> None:
        _say(self.app.get_by_role("textbox"), text)

    def say_in_vain(self, text: str) -> None:
        """Where nothing can be sent: the text stays in its field."""
        field = self.app.get_by_role("textbox")
        field.fill(text)
        field.press("Enter")
        expect(field).to_have_value(text)

    def message(self, text: str, *, standing: str = "") -> Locator:
        return _message(self.app.get_by_role("log"), text, standing=standing)

    def messages(self) -> list[str]:
        return self.app.get_by_role("log").locator(".bubble").all_inner_texts()

    def sees(self, text: str | re.Pattern[str]) -> Locator:
        return self.app.get_by_text(text).locator("visible=true").first

    def meets(self, name: str) -> CustomerScreen:
        """Waits until `name` is let in and the screen says so."""
        self.sees(f"You and {name} can read this chat").wait_for()
        return self

    def asked(self, name: str) -> None:
        """Waits for a question about `name`."""
        self.app.get_by_role("heading", name="A question for you").wait_for()
        self.app.locator(".prompt").get_by_text(name).first.wait_for()

    def readers(self) -> list[str]:
        """Who can read, as the roster names them, with the words to compare and their epoch."""
        self.app.get_by_role("button", name="can read this chat").click()
        found = _roster(self.app.locator(".widget"))
        self.press("Back")
        return found

    def come_back(self, url: str) -> CustomerScreen:
        """Visits and opens the chat, and waits until it shows what was kept, or the notice."""
        self.visit(url).open().app.get_by_role("heading", level=1).wait_for()
        self.app.get_by_role("textbox").or_(self.app.get_by_role("button", name="Start chat")).first.wait_for()
        return self

    def leave(self) -> None:
        """Ends the chat if there is one and it can be ended from here."""
        ending = self.app.get_by_role("button", name="End chat")
        if self.page.locator("sotto-chat iframe").count() and ending.count():
            self.end()
            self.app.get_by_role("heading", name="This chat has closed.").wait_for()

    def end(self) -> None:
        self.app.get_by_role("button", name="End chat", exact=True).last.click()
        self.app.get_by_role("heading", name="End this chat?").wait_for()
        self.press("End chat")


@dataclass(frozen=True, slots=True)
class AgentScreen:
    """The console on `page`."""

    page: Page

    @property
    def chat(self) -> Locator:
        return self.page.locator("#conversation")

    @property
    def next_chat(self) -> Locator:
        return self.page.get_by_role("button", name="Next chat")

    def sign_in(self, url: str, *, agent: str, password: str) -> AgentScreen:
        self.page.goto(url)
        self.page.get_by_label("Name").fill(agent)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out").wait_for()
        return self

    def ask_for_approval(self) -> AgentScreen:
        """It then waits for an officer."""
        self.page.get_by_role("button", name="Ask for approval").click()
        self.page.get_by_role("heading", name="Waiting for an officer").wait_for()
        return self

    def get_approved(self) -> AgentScreen:
        self.page.get_by_role("button", name="Ask for approval").click()
        self.page.get_by_text("Device approved until").wait_for()
        return self

    def take_next(self) -> AgentScreen:
        self.page.locator("button:enabled", has_text="Next chat").click()
        self.chat.get_by_text("Encrypted · 2 people").wait_for()
        return self

    def say(self, text: str) -> None:
        _say(self.chat.get_by_role("textbox"), text)

    def message(self, text: str, *, standing: str = "") -> Locator:
        return _message(self.chat, text, standing=standing)

    def messages(self) -> list[str]:
        return self.chat.locator(".bubble").all_inner_texts()

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("complementary", name="Who can read")

    def readers(self) -> list[str]:
        return _roster(self.panel)

    def hand_over(self, choice: str) -> None:
        """Opens the dialog and asks whom it says."""
        self.chat.get_by_role("button", name="Hand over").click()
        self.page.get_by_role("dialog").get_by_role("button", name=choice).click()

    def take_over(self) -> AgentScreen:
        """What a colleague hands over; in it once the keys have changed."""
        self.page.get_by_role("button", name="Take over").click()
        self.chat.get_by_text("Encrypted · 2 people").wait_for()
        return self

    def ask_for(self, moment: str, *, who: str) -> None:
        """Asks the customer to let `who` in, by the console's dialog."""
        self.chat.get_by_role("button", name="Ask for…").click()
        dialog = self.page.get_by_role("dialog", name="Ask the customer to let somebody in")
        dialog.get_by_label(moment).check()
        dialog.get_by_label(who).first.check()
        dialog.get_by_role("button", name="Ask the customer").click()

    def sees(self, text: str) -> None:
        self.chat.get_by_text(text).first.wait_for()

    def open_chat(self) -> AgentScreen:
        """Opens the newest chat that this device was let in to."""
        # What is over stays on the list until something else is opened.
        live = self.page.locator("[data-chat]").filter(has_not_text=re.compile("You left|Closed"))
        live.last.click()
        self.chat.get_by_text("Encrypted").wait_for()
        return self

    def close_chat(self) -> None:
        self.chat.get_by_role("button", name="Close chat").first.click()
        self.page.get_by_role("dialog").get_by_role("button", name="Close chat").click()


def _say(field: Locator, text: str) -> None:
    field.fill(text)
    # Until it may be sent: Enter before that leaves the text where it is.
    expect(field.locator("xpath=ancestor::form").get_by_role("button", name="Send")).to_be_enabled()
    field.press("Enter")


def _message(log: Locator, text: str, *, standing: str) -> Locator:
    with_text = log.locator("article").filter(has_text=text)
    # With its dot and its capitals: "Will be sent" is not "Sent".
    return with_text.filter(has_text=re.compile(rf"· {re.escape(standing)}")) if standing else with_text


def _roster(panel: Locator) -> list[str]:
    """Names, then the conversation words, then their epoch."""
    epoch = re.search(r"For key (\d+)", panel.inner_text())
    names = panel.locator(".person bdi").all_inner_texts()
    words = panel.locator(".words").first.locator("li").all_inner_texts()
    return [*names, *words, epoch[1] if epoch else ""]
