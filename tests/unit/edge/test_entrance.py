from __future__ import annotations

import resource

import pytest

from sotto_server.domain.limits import Allowance
from sotto_server.edge.addresses import Source
from sotto_server.edge.entrance import Entrance, Turned, room_for_connections
from sotto_wire.limits import CONNECTIONS_AT_ONCE_PER_ADDRESS, CONNECTIONS_PER_S_PER_ADDRESS

ONE = Source("192.0.2.1", is_exempt=False)
OTHER = Source("192.0.2.2", is_exempt=False)
LOOPBACK = Source("127.0.0.1", is_exempt=True)


def test_one_address_that_connects_too_often_is_turned_away_and_another_comes_in() -> None:
    entrance = Entrance(most=10_000)
    turned = [entrance.enter(ONE, 0.0) for _ in range(CONNECTIONS_AT_ONCE_PER_ADDRESS + 1)]
    assert turned == [None] * CONNECTIONS_AT_ONCE_PER_ADDRESS + [Turned.ADDRESS_RATE]
    assert entrance.enter(OTHER, 0.0) is None
    assert [entrance.enter(ONE, 1.0) for _ in range(CONNECTIONS_PER_S_PER_ADDRESS + 1)][-2:] == [
        None,
        Turned.ADDRESS_RATE,
    ]


def test_loopback_and_proxies_are_counted_only_in_all() -> None:
    entrance = Entrance(most=10_000, process=Allowance(per_s=1, at_once=300))
    assert [entrance.enter(LOOPBACK, 0.0) for _ in range(301)] == [None] * 300 + [Turned.PROCESS_RATE]


def test_what_one_address_wastes_is_not_taken_from_everybody() -> None:
    entrance = Entrance(most=10_000, process=Allowance(per_s=0, at_once=CONNECTIONS_AT_ONCE_PER_ADDRESS + 1))
    for _ in range(10 * CONNECTIONS_AT_ONCE_PER_ADDRESS):
        entrance.enter(ONE, 0.0)
    assert entrance.enter(OTHER, 0.0) is None


def test_there_is_room_for_as_many_as_there_are_files_and_again_for_each_that_leaves() -> None:
    entrance = Entrance(most=2)
    assert [entrance.enter(OTHER, 0.0) for _ in range(3)] == [None, None, Turned.FULL]
    entrance.leave()
    assert entrance.enter(OTHER, 0.0) is None


def test_a_flood_of_connections_is_a_line_a_second() -> None:
    entrance = Entrance(most=0)
    assert [entrance.refused_since(at) for at in (0.0, 0.1, 0.9, 1.0, 1.1)] == [1, 0, 0, 3, 0]


@pytest.mark.parametrize(
    ("limits", "room", "raised_to"),
    [
        ((1024, 4096), 3968, (4096, 4096)),
        ((256, 256), 128, None),
        ((64, 64), 32, None),
        ((1024, resource.RLIM_INFINITY), 65_408, (65_536, resource.RLIM_INFINITY)),
        ((500_000, 1_000_000), 499_872, None),
    ],
)
def test_the_limit_of_open_files_is_raised_and_leaves_some_for_the_database(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], room: int, raised_to: tuple[int, int] | None
) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: raised.append(both))
    assert room_for_connections() == room
    assert raised == ([] if raised_to is None else [raised_to])
