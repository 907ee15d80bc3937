"""The notice in the customer's language with its second layer, and the privacy page: dark, on a phone, by axe, without a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import pytest
from playwright.sync_api import expect
from tests.support.accessibility import violations
from tests.support.screen_people import CustomerScreen

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from tests.support.demo_town import Town

GERMAN: Final = "Sie sprechen mit Kettle & Cup Ltd."
ENGLISH: Final = "You'll be talking to Kettle & Cup Ltd."


def test_the_notice_is_read_in_the_browsers_language_and_in_any_other_by_a_click(browser: Browser, town: Town) -> None:
    context = browser.new_context(locale="de-AT")
    customer = CustomerScreen(context.new_page()).visit(town.shop_url).open()
    expect(customer.app.get_by_text(GERMAN)).to_be_visible()
    customer.press("English")
    expect(customer.app.get_by_text(ENGLISH)).to_be_visible()
    expect(customer.app.get_by_text(GERMAN)).to_have_count(0)
    customer.app.get_by_text("More about your data").click()
    expect(customer.app.get_by_text("Who else takes part: Nordhost Oy (Finland).")).to_be_visible()
    assert violations(customer.page.frames[-1]) == []
    context.close()


@pytest.mark.parametrize(
    ("scheme", "width", "language"), [("light", 360, "en"), ("dark", 320, "de"), ("dark", 1280, "en")]
)
def test_the_privacy_page_breaks_no_rule_in_any_look(
    browser: Browser, town: Town, scheme: Literal["light", "dark"], width: int, language: str
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{town.places.relay_url}/privacy?lang={language}")
    assert violations(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert context.cookies() == []
    context.close()


def test_the_privacy_page_is_whole_without_scripts_and_its_versions_lead_back(browser: Browser, town: Town) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{town.places.relay_url}/privacy")
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Datenschutz bei Kettle & Cup Ltd")).to_be_visible()
    assert page.locator("body").evaluate("element => getComputedStyle(element).marginTop") == "0px"
    context.close()
