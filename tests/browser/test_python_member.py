"""The echo agent of the Python SDK, in a process of its own, sits in the browser's group and answers."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.support.demo_town import BEN

from sotto_cli.demo.places import DESK

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen

ENDS_WITHIN_S = 10


@pytest.fixture
def echo(town: Town, tmp_path: Path) -> Iterator[Process]:
    """`python -m sotto_client.examples.echo_agent` as `dev.py run` prints it."""
    arguments = {
        "--relay": town.places.relay_url,
        "--agent": BEN.agent,
        "--password-file": str(town.places.password(BEN)),
        "--state": str(tmp_path / "echo"),
        "--desk": DESK,
    }
    argv = [
        sys.executable,
        "-m",
        "sotto_client.examples.echo_agent",
        *(part for pair in arguments.items() for part in pair),
    ]
    log = (tmp_path / "echo.log").open("wb")

    async def start() -> Process:
        return await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log)

    process = town.thread.do(start())
    yield process
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    town.thread.do(process.wait(), within_s=ENDS_WITHIN_S)
    log.close()
    print((tmp_path / "echo.log").read_text("utf-8"))  # noqa: T201 - pytest shows it when the test failed


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
