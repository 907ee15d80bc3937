"""An officer revokes a credential while its device sits in a chat: the customer's device puts it out, and the relay shuts it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.support.demo_town import BEN
from tests.support.screen_people import AgentScreen

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext
    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen


@pytest.fixture
def ben(fresh_console: BrowserContext, town: Town) -> AgentScreen:
    """Ben at his console, approved a moment ago."""
    screen = AgentScreen(fresh_console.new_page())
    return screen.sign_in(town.console_url, agent=BEN.agent, password=town.password(BEN.agent)).get_approved()


def test_an_agent_whose_credential_is_revoked_is_put_out_of_the_running_chat(
    customer: CustomerScreen, ben: AgentScreen, ana: AgentScreen, town: Town
) -> None:
    customer.start()
    ben.take_next()
    customer.meets("Ben").say("Before")
    expect(ben.message("Before")).to_be_visible()
    revoke(town, BEN.agent)
    customer.sees("left at").wait_for()
    customer.sees("Only you can read this chat").wait_for()
    ben.page.get_by_role("heading", name="This device was revoked").wait_for()
    ben.chat.get_by_text("It can no longer read or write").wait_for()
    customer.say("After")
    expect(customer.message("After", standing="Will be sent when someone joins")).to_be_visible()
    assert ben.messages() == ["Before"]
    ana.take_next()
    expect(ana.message("After")).to_be_visible()
    assert ana.messages() == ["After"]
    ben.page.reload()
    ben.page.get_by_role("heading", name="This device was revoked").wait_for()


def revoke(town: Town, person: str) -> None:
    """The officer revokes every credential of a person and publishes that."""
    office = ("--office", str(town.places.office))
    passphrase = ("--passphrase-file", str(town.places.passphrase))
    listed = town.run("keys", "list", *office)["credentials"]
    assert isinstance(listed, list)
    for each in listed:
        if each["person"] == person and each["state"] == "in force":
            signed = town.run("keys", "revoke", each["cred_id"], "--reason", "lost", *office, *passphrase)
            town.run("trust", "publish", "--relay", town.places.relay_url, str(signed["file"]))
