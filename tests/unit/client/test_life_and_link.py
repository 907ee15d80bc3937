from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from sotto_client.connection import LinkLost
from sotto_client.life import Life
from sotto_client.link import FIRST_WAIT_S, LONGEST_WAIT_S, RESTART_SPREAD_S, Link, wait_s
from sotto_client.relay_http import SignedIn, socket_url
from sotto_wire.frames import Done, Follow, Frame
from sotto_wire.refusals import NotFound, Refused, TooFast

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_wire.frames import FromRelay


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


class Answers(Link):
    """A link whose requests end as they are told to, one after the other."""

    def __init__(self, *ends: Refused | FromRelay) -> None:
        self.ends = list(ends)

    async def ask(self, request: Callable[[int], Frame]) -> FromRelay:  # noqa: ARG002 - see Link
        end = self.ends.pop(0)
        if isinstance(end, Refused):
            raise end
        return end


def follow(ref: int) -> Follow:
    return Follow(ref=ref, conversation=bytes(16), after=0)


async def test_what_passes_by_itself_is_asked_again() -> None:
    link = Answers(TooFast("now", retry_after_ms=1), TooFast("now", retry_after_ms=1), Done(ref=1))
    assert await link.insist(follow) == Done(ref=1)
    assert link.ends == []


@pytest.mark.parametrize("end", [NotFound("no"), LinkLost("the relay died")])
async def test_a_line_that_is_down_and_what_is_refused_for_good_end_at_once(end: Refused) -> None:
    """`LinkLost` is a kind of `unavailable`: whoever waits it out on a dead line waits for ever."""
    link = Answers(end, Done(ref=1))
    with pytest.raises(type(end)):
        await link.insist(follow)
