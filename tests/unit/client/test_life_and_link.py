from __future__ import annotations

import asyncio
from typing import Final

import pytest

from sotto_client.life import Life
from sotto_client.link import FIRST_WAIT_S, LONGEST_WAIT_S, RESTART_SPREAD_S, wait_s
from sotto_client.relay_http import SignedIn, socket_url


async def test_who_waits_looks_again_at_every_change() -> None:
    life, seen = Life(), [0]
    waiting = asyncio.create_task(life.until(lambda: seen[0] or None))
    await asyncio.sleep(0)
    life.changed()
    await asyncio.sleep(0)
    assert not waiting.done()
    seen[0] = 7
    life.changed()
    assert await waiting == 7


async def test_a_task_that_fails_ends_whoever_waits() -> None:
    async def fail() -> None:
        raise PermissionError("no")

    life = Life()
    life.spawn(fail())
    with pytest.raises(PermissionError):
        await life.until(lambda: None)
    assert isinstance(life.ended, PermissionError)


async def test_what_is_so_already_is_answered_even_after_the_end() -> None:
    life = Life()
    life.end(PermissionError("no"))
    assert await life.until(lambda: True)


async def test_stopping_ends_the_tasks_without_an_error() -> None:
    life = Life()
    life.spawn(asyncio.sleep(3600))
    await life.stop()
    assert life.ended is None


SHORTEST: Final = bytes(4)
LONGEST: Final = b"\xff" * 4


def test_waits_double_up_to_the_longest_and_half_of_each_is_random() -> None:
    assert wait_s(0, SHORTEST, code=None) == FIRST_WAIT_S / 2
    assert wait_s(1, SHORTEST, code=None) == FIRST_WAIT_S
    assert FIRST_WAIT_S * 0.99 < wait_s(0, LONGEST, code=None) < FIRST_WAIT_S
    assert LONGEST_WAIT_S / 2 <= wait_s(1000, SHORTEST, code=None) <= wait_s(1000, LONGEST, code=None)
    assert wait_s(1000, LONGEST, code=None) <= LONGEST_WAIT_S


def test_a_relay_that_restarts_is_met_over_four_seconds() -> None:
    assert wait_s(0, SHORTEST, code=1001) == FIRST_WAIT_S / 2
    assert RESTART_SPREAD_S * 0.99 < wait_s(0, LONGEST, code=1001) < RESTART_SPREAD_S
    # Only the first time: a relay that stays away is tried as any other.
    assert wait_s(1, LONGEST, code=1001) == wait_s(1, LONGEST, code=None)


@pytest.mark.parametrize(
    ("base", "socket"),
    [("http://localhost:8080", "ws://localhost:8080/v1/socket"), ("https://a.example", "wss://a.example/v1/socket")],
)
def test_the_socket_is_where_the_relay_is(base: str, socket: str) -> None:
    assert socket_url(base) == socket


def test_a_session_token_is_not_printed() -> None:
    assert "token" not in repr(SignedIn(session="token", expires_at=1, agent="ana", name="Ana", desks=[]))
