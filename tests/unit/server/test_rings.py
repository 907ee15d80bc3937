"""Bells of many commits as one."""

from __future__ import annotations

from tests.support.relay_people import AGENT, CUSTOMER, OTHER_TALK, TALK

from sotto_server.domain.rings import Rings, all_of, look_at
from sotto_wire.ids import DeskId


def test_nothing_to_announce_is_false() -> None:
    assert not Rings()
    assert not all_of([Rings(), Rings()])


def test_rings_add_up() -> None:
    both = all_of(
        [
            look_at(TALK, {CUSTOMER, AGENT}),
            look_at(OTHER_TALK, {AGENT}),
            Rings(desks=frozenset({DeskId("orders")}), trust=True),
            Rings(devices=frozenset({AGENT}), cut=frozenset({AGENT})),
        ]
    )
    assert both.conversations == {CUSTOMER: {TALK}, AGENT: {TALK, OTHER_TALK}}
    assert both.trust
    assert both.desks == {DeskId("orders")}
    assert both.devices == both.cut == {AGENT}
