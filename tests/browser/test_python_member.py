"""The echo agent of the Python SDK, in a process of its own, sits in the browser's group and answers."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.support.demo_town import BEN
from tests.support.waiting import until

from sotto_cli.demo.places import DESK, GUESTS

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.demo_town import Town
    from tests.support.screen_people import AgentScreen, CustomerScreen

    from sotto_cli.demo.places import DemoAgent

ENDS_WITHIN_S = 10
*_, STEAM = GUESTS


@contextmanager
def running(town: Town, example: str, person: DemoAgent, folder: Path, *more: str) -> Iterator[Process]:
    """An example of the SDK as `dev.py run` prints it, until it is done or stopped."""
    argv = (
        *(sys.executable, "-m", f"sotto_client.examples.{example}", "--relay", town.places.relay_url),
        *("--agent", person.agent, "--password-file", str(town.places.password(person))),
        *("--state", str(folder / example), *more),
    )
    said = folder / f"{example}.log"

    async def start() -> Process:
        with said.open("wb") as log:
            return await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log)

    process = town.thread.do(start())
    yield process
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    town.thread.do(process.wait(), within_s=ENDS_WITHIN_S)
    print(said.read_text("utf-8"))  # noqa: T201 - pytest shows it when the test failed


@pytest.fixture
def echo(town: Town, tmp_path: Path) -> Iterator[Process]:
    with running(town, "echo_agent", BEN, tmp_path, "--desk", DESK) as process:
        yield process


@pytest.fixture
def assistant(town: Town, tmp_path: Path) -> Iterator[None]:
    """Approved, and waiting to be let in somewhere."""
    with running(town, "assistant", STEAM, tmp_path):
        until(lambda: "Ready." in (tmp_path / "assistant.log").read_text("utf-8"))
        yield


def test_a_python_program_answers_a_browser_customer(customer: CustomerScreen, echo: Process, town: Town) -> None:
    customer.start().say("Before you came")
    customer.meets("Ben")
    expect(customer.message("You said: Before you came")).to_be_visible()
    customer.say("Grüße, 你好 ☕")
    expect(customer.message("You said: Grüße, 你好 ☕")).to_be_visible()
    assert customer.messages() == [
        "Before you came",
        "You said: Before you came",
        "Grüße, 你好 ☕",
        "You said: Grüße, 你好 ☕",
    ]
    customer.page.reload()
    customer.open().say("After a reload")
    expect(customer.message("You said: After a reload")).to_be_visible()
    echo.send_signal(signal.SIGINT)
    assert town.thread.do(echo.wait(), within_s=ENDS_WITHIN_S) == 0


@pytest.mark.usefixtures("assistant")
def test_an_assistant_comes_in_by_the_customers_press_alone_is_labelled_and_goes_by_one(
    customer: CustomerScreen, ana: AgentScreen
) -> None:
    customer.start()
    ana.take_next()
    customer.meets("Ana").say("Before anybody was asked")
    expect(ana.message("Before anybody was asked")).to_be_visible()
    ana.ask_for("An AI assistant", who=STEAM.name)
    customer.asked(STEAM.name)
    customer.press("Allow")
    hello = customer.message("Hello, I am an AI assistant")
    expect(hello).to_contain_text("AI assistant")
    customer.say("Where is my lid?")
    answer = customer.message("I looked for: Where is my lid?")
    expect(answer).to_contain_text("AI assistant")
    customer.press(f"Stop {STEAM.name}")
    customer.meets("Ana").say("And now?")
    expect(ana.message("And now?")).to_be_visible()
    ana.say("Ask me")
    expect(customer.message("Ask me")).to_be_visible()
    # It never saw what was said before it came, and nothing since it was sent away.
    said = [each for each in customer.messages() if each.startswith("I looked for")]
    assert said == ["I looked for: Where is my lid?"]
