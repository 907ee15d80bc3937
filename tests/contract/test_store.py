"""What every store promises to the use cases that write through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from tests.support.relay_people import (
    AGENT,
    CUSTOMER,
    DESK,
    HOUR,
    NOW,
    OTHER_TALK,
    STRANGER,
    TALK,
    Waiting,
    a_conversation,
    a_post,
    agent,
    an_ack,
    customer,
    look,
    open_it,
)

from sotto_server.domain.desk import Agent, Seat, Site
from sotto_server.domain.ledger import Change
from sotto_server.faults import StoreFault
from sotto_server.usecases.acknowledge import acknowledge
from sotto_server.usecases.post_envelope import post_envelope
from sotto_wire.frames import Posted
from sotto_wire.ids import AgentId, DeskId, Digest, Millis, SiteId
from sotto_wire.refusals import NotFound, OutOfOrder, Refused
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.mailbox import StoredEnvelope
    from sotto_server.ports import Outcome, Store, Unit, UseCase


def job(use_case: object, command: object) -> Waiting:
    return Waiting(cast("UseCase[object, object]", use_case), command)


def seqs(outcomes: list[Outcome]) -> list[int]:
    return [each.result.seq for each in outcomes if isinstance(each.result, Posted)]


def lying(unit: Unit, key: int, /, *, now: Millis) -> list[StoredEnvelope]:  # noqa: ARG001
    return unit.mail.envelopes(key, reader=CUSTOMER, after=0, until=10**6, limit=100)


def opened(store: Store, conversation: Conversation | None = None) -> Conversation:
    return store.commit(open_it, conversation or a_conversation(), NOW)


def test_a_conversation_comes_back_as_it_was_kept(store: Store) -> None:
    kept = opened(store)
    assert kept.key > 0
    assert store.read(look, TALK, NOW) == kept


def test_a_conversation_nobody_opened_is_not_there(store: Store) -> None:
    assert store.read(look, TALK, NOW) is None


def test_posts_of_one_batch_stand_in_the_order_they_were_asked(store: Store) -> None:
    opened(store)
    batch = [job(post_envelope, a_post(1)), job(post_envelope, a_post(1, by=agent())), job(post_envelope, a_post(2))]
    assert seqs(store.run(batch)) == [1, 2, 3]


def test_order_goes_on_in_the_next_batch(store: Store) -> None:
    opened(store)
    store.run([job(post_envelope, a_post(1))])
    assert seqs(store.run([job(post_envelope, a_post(2))])) == [2]


def test_a_refusal_in_the_middle_changes_nothing_and_costs_its_neighbours_nothing(store: Store) -> None:
    opened(store)
    outcomes = store.run([job(post_envelope, a_post(1)), job(post_envelope, a_post(7)), job(post_envelope, a_post(2))])
    assert [type(each.error) for each in outcomes] == [type(None), OutOfOrder, type(None)]
    assert seqs(outcomes) == [1, 2]


def test_the_same_number_in_one_batch_is_stored_once(store: Store) -> None:
    kept = opened(store)
    outcomes = store.run([job(post_envelope, a_post(1)) for _ in range(20)])
    assert set(seqs(outcomes)) == {1}
    assert len(store.read(lying, kept.key, NOW)) == 1


def test_a_batch_sees_what_it_decided_itself_when_it_lists(store: Store) -> None:
    def open_and_list(unit: Unit, desk: DeskId, /, *, now: Millis) -> int:  # noqa: ARG001
        return len(unit.mail.waiting(desk, limit=9))

    waiting = a_conversation(stage=Stage.WAITING, with_agent=False)
    outcomes = store.run([job(open_it, waiting), job(open_and_list, DESK)])
    assert outcomes[1].result == 1


def test_a_post_is_seen_by_a_later_use_case_of_the_batch_that_reads_envelopes(store: Store) -> None:
    kept = opened(store)
    outcomes = store.run([job(post_envelope, a_post(1)), job(lying, kept.key)])
    assert len(cast("list[StoredEnvelope]", outcomes[1].result)) == 1


def test_what_all_have_acknowledged_leaves(store: Store) -> None:
    kept = opened(store)
    store.run([job(post_envelope, a_post(1)), job(post_envelope, a_post(2))])
    store.run([job(acknowledge, an_ack(2)), job(acknowledge, an_ack(1, by=agent()))])
    assert [each.seq for each in store.read(lying, kept.key, NOW)] == [2]


def test_posted_and_acknowledged_in_one_batch_never_lies_there(store: Store) -> None:
    kept = opened(store)
    batch = [job(post_envelope, a_post(1)), job(acknowledge, an_ack(1)), job(acknowledge, an_ack(1, by=agent()))]
    store.run(batch)
    assert store.read(lying, kept.key, NOW) == []


def test_a_repeated_post_is_answered_after_its_envelope_has_left(store: Store) -> None:
    opened(store)
    store.run([job(post_envelope, a_post(1)), job(acknowledge, an_ack(1)), job(acknowledge, an_ack(1, by=agent()))])
    assert seqs(store.run([job(post_envelope, a_post(1))])) == [1]


def test_a_cold_refusal_undoes_what_it_had_put(store: Store) -> None:
    def put_and_refuse(unit: Unit, _: None, /, *, now: Millis) -> None:
        unit.sites.put(Site(site=SiteId("shop"), added_at=now))
        raise NotFound("after all")

    opened(store)
    outcomes = store.run([job(post_envelope, a_post(1)), job(put_and_refuse, None), job(post_envelope, a_post(2))])
    assert isinstance(outcomes[1].error, NotFound)
    assert seqs(outcomes) == [1, 2]
    assert store.read(lambda unit, _, now: unit.sites.find(), None, NOW) == []  # noqa: ARG005


def test_an_opening_that_is_refused_leaves_nothing(store: Store) -> None:
    def open_and_refuse(unit: Unit, new: Conversation, /, *, now: Millis) -> None:  # noqa: ARG001
        unit.mail.open(new)
        raise NotFound("after all")

    store.run([job(open_and_refuse, a_conversation())])
    assert store.read(look, TALK, NOW) is None
    assert opened(store).id == TALK


def test_one_change_wins_an_epoch(store: Store) -> None:
    def win(unit: Unit, change: Change, /, *, now: Millis) -> None:  # noqa: ARG001
        unit.changes.add(change)

    kept = opened(store)
    change = Change(
        conversation=kept.key, group=1, epoch=1, device=CUSTOMER, digest=Digest(b"1" * 32), seq=1, receipt=None
    )
    rival = Change(conversation=kept.key, group=1, epoch=1, device=AGENT, digest=Digest(b"2" * 32), seq=2, receipt=None)
    outcomes = store.run([job(win, change), job(post_envelope, a_post(1)), job(win, rival)])
    assert [type(each.error) for each in outcomes] == [type(None), type(None), StoreFault]
    assert store.read(lambda unit, _, now: unit.changes.find(), None, NOW) == [change]  # noqa: ARG005
    assert seqs(store.run([job(post_envelope, a_post(2))])) == [2]


def test_a_bug_in_one_use_case_costs_its_neighbours_nothing(store: Store) -> None:
    def stumble(unit: Unit, _: None, /, *, now: Millis) -> None:  # noqa: ARG001
        raise ZeroDivisionError

    opened(store)
    outcomes = store.run([job(post_envelope, a_post(1)), job(stumble, None), job(post_envelope, a_post(2))])
    assert isinstance(outcomes[1].error, ZeroDivisionError)
    assert seqs(outcomes) == [1, 2]


def test_commit_raises_what_the_use_case_refused(store: Store) -> None:
    with pytest.raises(Refused):
        store.commit(post_envelope, a_post(1), NOW)


def test_the_queue_lists_the_longest_wait_first(store: Store) -> None:
    late = a_conversation(TALK, stage=Stage.WAITING, opened_at=Millis(NOW + 5))
    early = a_conversation(OTHER_TALK, stage=Stage.WAITING)
    opened(store, late)
    opened(store, early)
    waiting = store.read(lambda unit, desk, now: unit.mail.waiting(desk, limit=9), DESK, NOW)  # noqa: ARG005
    assert [each.id for each in waiting] == [OTHER_TALK, TALK]
    count = store.read(lambda unit, desk, now: unit.mail.count(desk, Stage.WAITING, Stage.ACTIVE), DESK, NOW)  # noqa: ARG005
    assert count == 2


def test_a_device_finds_its_conversations(store: Store) -> None:
    kept = opened(store)
    for device, expected in ((CUSTOMER, [kept]), (STRANGER, [])):
        assert store.read(lambda unit, one, now: unit.mail.of_device(one), device, NOW) == expected  # noqa: ARG005


def test_a_forgotten_conversation_takes_everything_with_it(store: Store) -> None:
    def forget(unit: Unit, kept: Conversation, /, *, now: Millis) -> None:  # noqa: ARG001
        unit.mail.forget(kept)

    kept = opened(store)
    store.run([job(post_envelope, a_post(1))])
    store.commit(forget, kept, NOW)
    assert store.read(look, TALK, NOW) is None
    assert store.read(lying, kept.key, NOW) == []


def test_a_record_put_twice_is_replaced_and_found_by_its_fields(store: Store) -> None:
    def seat(unit: Unit, name: str, /, *, now: Millis) -> None:
        unit.agents.put(Agent(agent=AgentId("ada"), name=name, password="$argon2id$", added_at=now))
        unit.seats.put(Seat(agent=AgentId("ada"), desk=DESK))

    store.commit(seat, "Ada", NOW)
    store.commit(seat, "Ada L.", NOW)
    assert [each.name for each in store.read(lambda unit, _, now: unit.agents.find(name="Ada L."), None, NOW)] == [  # noqa: ARG005
        "Ada L."
    ]
    assert store.read(lambda unit, _, now: unit.seats.get("ada", DESK), None, NOW) is not None  # noqa: ARG005


def test_due_records_come_oldest_first_and_no_more_than_asked(store: Store) -> None:
    def add(unit: Unit, _: None, /, *, now: Millis) -> None:
        for number in (3, 1, 2):
            unit.sites.put(Site(site=SiteId(f"shop-{number}"), added_at=Millis(now + number * HOUR)))

    store.commit(add, None, NOW)
    due = store.read(lambda unit, at, now: unit.sites.due("added_at", at=at, limit=2), Millis(NOW + 5 * HOUR), NOW)  # noqa: ARG005
    assert [each.site for each in due] == ["shop-1", "shop-2"]
    assert store.read(lambda unit, at, now: unit.sites.due("added_at", at=at, limit=2), NOW, NOW) == []  # noqa: ARG005


def test_bells_of_a_refused_use_case_stay_silent(store: Store) -> None:
    opened(store)
    outcomes = store.run([job(post_envelope, a_post(1)), job(post_envelope, a_post(9))])
    assert outcomes[0].rings.conversations == {CUSTOMER: frozenset({TALK}), AGENT: frozenset({TALK})}
    assert not outcomes[1].rings


def test_a_customer_may_not_post_for_a_stranger(store: Store) -> None:
    opened(store)
    (outcome,) = store.run([job(post_envelope, a_post(1, by=customer(STRANGER)))])
    assert isinstance(outcome.error, NotFound)
