"""The table of moments and the table of questions, over their whole product."""

from __future__ import annotations

import itertools

import pytest

from sotto_wire.moments import (
    AI_ASSISTANT,
    MOMENTS,
    QUALITY_REVIEW,
    Guest,
    Moment,
    fits,
    may_serve,
    row_of,
)
from sotto_wire.questions import NEXT, Event, Standing, moved
from sotto_wire.refusals import WrongStage

ROLES = (frozenset[str](), frozenset({"agent"}), frozenset({"supervisor"}), frozenset({"agent", "supervisor"}))


@pytest.mark.parametrize(("standing", "event"), itertools.product(Standing, Event))
def test_a_question_moves_as_the_table_says_or_not_at_all(standing: Standing, event: Event) -> None:
    after = NEXT.get((standing, event))
    if after is None:
        with pytest.raises(WrongStage):
            moved(standing, event)
    else:
        assert moved(standing, event) is after


def test_nothing_leads_to_a_yes_but_an_open_question_or_a_yes() -> None:
    assert {before for (before, _), after in NEXT.items() if after is Standing.GIVEN} == {
        Standing.REQUESTED,
        Standing.GIVEN,
    }


@pytest.mark.parametrize("before", [Standing.GIVEN, Standing.EXPIRED, Standing.INVALIDATED])
def test_a_withdrawal_is_taken_wherever_something_was_given(before: Standing) -> None:
    assert moved(before, Event.WITHDRAW) is Standing.WITHDRAWN


def test_every_moment_has_its_row_and_other_names_have_none() -> None:
    assert set(MOMENTS) == set(Moment)
    assert all(row_of(each.value) is MOMENTS[each] for each in Moment)
    assert row_of("always") is None


@pytest.mark.parametrize(("kind", "roles"), itertools.product(["human", "bot"], ROLES))
def test_a_purpose_is_served_by_nobody_else(kind: str, roles: frozenset[str]) -> None:
    assert may_serve(AI_ASSISTANT, kind=kind, roles=roles) == (kind == "bot")
    assert may_serve(QUALITY_REVIEW, kind=kind, roles=roles) == (kind == "human" and "supervisor" in roles)
    assert may_serve("support", kind=kind, roles=roles) == (kind == "human" and bool(roles))


@pytest.mark.parametrize(
    ("desk", "desks", "expected"),
    [
        ("own", ["support"], True),
        ("own", ["cards"], False),
        ("other", ["cards"], True),
        ("other", ["support", "cards"], False),
        ("any", [], True),
    ],
)
def test_a_guest_is_of_this_desk_or_of_another_as_the_moment_says(
    desk: str, desks: list[str], *, expected: bool
) -> None:
    guest = Guest("human", "agent", desk)  # type: ignore[arg-type]
    assert fits(guest, kind="human", roles=["agent"], desks=desks, desk="support") is expected
    assert not fits(guest, kind="bot", roles=["agent"], desks=desks, desk="support")
    assert not fits(guest, kind="human", roles=["supervisor"], desks=desks, desk="support")


def test_every_offered_guest_may_serve_the_purpose_it_comes_for() -> None:
    for row in MOMENTS.values():
        if row.is_offered and row.guest is not None:
            roles = [row.guest.role] if row.guest.role else []
            assert may_serve(row.purpose or "support", kind=row.guest.kind, roles=roles)
