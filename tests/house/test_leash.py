"""No program that a test started outlives the tests, however those end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.support.leash import Leash

CHECKOUT: Final = Path(__file__).parents[2]
# It and what it started hold this test's pipe, which reads to its end only when both are gone.
FAMILY: Final = ("sh", "-c", "sleep 50 & echo up; wait")
STUBBORN: Final = ("sh", "-c", "trap '' TERM; sleep 50 & echo up; wait")
WALKER: Final = f"""
from tests.support.leash import Leash
import signal
Leash({FAMILY!r}, stdout=1)
signal.pause()
"""
RUN: Final = """
import signal
import pytest

@pytest.fixture(scope="session")
def guest():
    yield
    print("tidied")

def test_long(guest):
    print("up", flush=True)
    signal.pause()
"""


def test_it_ends_with_what_it_started_when_the_holder_is_killed() -> None:
    holder = subprocess.Popen([sys.executable, "-c", WALKER], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    holder.kill()
    with holder:
        assert holder.stdout.read() == ""


def test_also_who_does_not_listen_ends_when_the_holder_lets_go() -> None:
    leash = Leash(STUBBORN, stdout=subprocess.PIPE)
    with os.fdopen(os.dup(leash.words.fileno())) as heard:
        assert heard.readline() == "up\n"
        leash.end()
        assert heard.read() == ""


def test_a_program_that_ended_by_itself_has_ended() -> None:
    leash = Leash(["true"])
    leash.wait(30)
    leash.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_stop_tidies_up_first(tmp_path: Path, number: signal.Signals) -> None:
    test = tmp_path / "test_long.py"
    test.write_text(RUN, "utf-8")
    plain = ("-c", os.devnull, "-p", "no:cacheprovider", "-p", "tests.conftest")
    argv = [sys.executable, "-m", "pytest", "-q", "-s", *plain, str(test)]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with subprocess.Popen(argv, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert "up\n" in iter(run.stdout.readline, "")
        run.send_signal(number)
        assert "tidied\n" in run.stdout.read()
