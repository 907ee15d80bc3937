from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as with_fields
from tests.support.mls_room import entropy_from
from tests.support.sdk_talk import AGENT, CUSTOMER, texts
from tests.vectors.trust_world import NOW, World, trust_document

from sotto_client.conversation import STUCK
from sotto_client.entries import Coming, Gap, Going
from sotto_client.outbox import seal_head, written
from sotto_client.own_commits import Plan, with_commit
from sotto_client.receiving import REMOVED, receive, trust_cited
from sotto_keys.device.mls.application_messages import encrypt
from sotto_keys.device.mls.committing import create_commit
from sotto_keys.shared.mls.group_memory import Handoff
from sotto_wire.claims import CommitNote
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from tests.support.sdk_talk import Talk

    from sotto_client.conversation import Conversation
    from sotto_keys.shared.strict_json import Json


def test_the_agent_reads_what_the_customer_wrote(talk: Talk) -> None:
    agent = talk.agent_takes(talk.says("My lid is cracked"))
    assert texts(agent) == ["My lid is cracked"]
    assert agent.cursor == talk.seq


def test_the_customer_sees_its_own_message_in_its_place(talk: Talk) -> None:
    envelope = talk.says("My lid is cracked")
    customer = talk.customer_takes(envelope)
    (entry,) = customer.messages
    assert (entry.standing, entry.seq, customer.outbox, customer.number) == ("sent", envelope.seq, (), 1)


def test_who_was_let_in_stands_among_the_entries_of_both(talk: Talk) -> None:
    came = [each for each in talk.customer.entries if isinstance(each, Coming)]
    assert [each.name for each in came] == ["Device-Ana"]
    assert isinstance(talk.agent.entries[0], Coming)
    assert talk.agent.words == talk.customer.words


def test_a_message_that_cannot_be_read_leaves_a_gap_and_ends_nothing(talk: Talk) -> None:
    envelope = talk.says("Lost")
    agent = talk.agent_takes(with_fields(envelope, body=envelope.body[:-1] + b"\0"))
    assert isinstance(agent.entries[-1], Gap)
    assert agent.broken is None


def test_a_message_under_another_number_than_its_writers_is_a_gap(talk: Talk) -> None:
    agent = talk.agent_takes(with_fields(talk.says("Renumbered"), number=7))
    assert texts(agent) == []
    assert isinstance(agent.entries[-1], Gap)


def test_a_message_in_anothers_name_is_a_gap(talk: Talk) -> None:
    agent = talk.agent_takes(with_fields(talk.says("Not mine"), sender=bytes(32)))
    assert texts(agent) == []


def test_what_is_sealed_but_no_payload_is_a_gap(talk: Talk) -> None:
    member, message = encrypt(talk.customer.member, b"not a payload", entropy=entropy_from("x"))
    talk.customer = replace(talk.customer, member=member)
    agent = talk.agent_takes(talk.envelope("message", CUSTOMER.public, body=message, number=1, epoch=1))
    assert isinstance(agent.entries[-1], Gap)


def test_a_number_that_skips_shows_that_something_is_missing(talk: Talk) -> None:
    talk.agent_takes(talk.says("One"))
    talk.customer = replace(talk.customer, outbox=(), number=2)
    agent = talk.agent_takes(talk.says("Three"))
    assert [type(each).__name__ for each in agent.entries[1:]] == ["Message", "Gap", "Message"]


def test_nobody_in_an_open_handoff_is_heard(talk: Talk) -> None:
    sealed = seal_head(written(talk.agent, "Me again", situation=talk.agents), entropy=entropy_from("a"))
    assert sealed is not None
    message = sealed.outbox[0].message
    assert message is not None
    handoff = Handoff(adder=AGENT.public, newcomer=bytes(32), opened_at=NOW)
    talk.customer = replace(talk.customer, memory=with_fields(talk.customer.memory, handoff=handoff))
    customer = talk.customer_takes(talk.envelope("message", AGENT.public, body=message, number=1, epoch=1))
    assert isinstance(customer.entries[-1], Gap)


def test_a_lawful_path_of_the_customer_is_followed(talk: Talk) -> None:
    planned = with_commit(talk.customer, Plan(), situation=talk.customers)
    assert planned.pending is not None
    envelope = talk.envelope("commit", CUSTOMER.public, body=planned.pending.message, epoch=1)
    talk.customer = planned
    assert talk.agent_takes(envelope).member.epoch == 2
    assert talk.customer_takes(envelope).pending is None
    assert talk.customer.words == talk.agent.words


def test_a_commit_outside_the_list_ends_our_part(talk: Talk) -> None:
    note = CommitNote(committed_at=NOW, relies_on=None, decision=None, trust_version=None)
    rogue = create_commit(
        talk.agent.member, authenticated_data=encode_claims(note), entropy=entropy_from("rogue"), remove=[0]
    )
    customer = talk.customer_takes(talk.envelope("commit", AGENT.public, body=rogue.message, epoch=1))
    assert (customer.broken, customer.member.epoch) == ("commit_not_allowed", 1)
    after = talk.customer_takes(talk.envelope("message", AGENT.public, body=b"x", number=1, epoch=2))
    assert after.entries == customer.entries


def test_who_cannot_follow_an_allowed_commit_is_stuck_and_has_not_taken_it(talk: Talk) -> None:
    planned = with_commit(talk.customer, Plan(), situation=talk.customers)
    assert planned.pending is not None
    broken = planned.pending.message[:-1] + bytes([planned.pending.message[-1] ^ 1])
    before = talk.agent
    agent = talk.agent_takes(talk.envelope("commit", CUSTOMER.public, body=broken, epoch=1))
    assert (agent.broken, agent.cursor, agent.member) == (STUCK, before.cursor, before.member)


def test_whom_a_lawful_commit_removes_knows_it(talk: Talk) -> None:
    leaf = talk.customer.member.group.find(AGENT.public)
    assert leaf is not None
    planned = with_commit(talk.customer, Plan(remove=(leaf,)), situation=talk.customers)
    assert planned.pending is not None
    envelope = talk.envelope("commit", CUSTOMER.public, body=planned.pending.message, epoch=1)
    talk.customer = planned
    assert talk.agent_takes(envelope).broken == REMOVED
    customer = talk.customer_takes(envelope)
    assert isinstance(customer.entries[-1], Going)
    assert customer.entries[-1].name == "Device-Ana"


def test_a_welcome_to_somebody_else_moves_the_cursor_only(talk: Talk) -> None:
    before = talk.customer
    after = talk.customer_takes(talk.envelope("welcome", CUSTOMER.public, body=b"x"))
    assert after == replace(before, cursor=talk.seq)


@pytest.mark.parametrize(("version", "cited"), [(None, 0), (7, 7)])
def test_the_trust_version_that_a_commit_cites_is_read_before_it_is_judged(
    talk: Talk, version: int | None, cited: int
) -> None:
    note = CommitNote(committed_at=NOW, relies_on=None, decision=None, trust_version=version)
    commit = create_commit(talk.agent.member, authenticated_data=encode_claims(note), entropy=entropy_from("c"))
    assert trust_cited(talk.envelope("commit", AGENT.public, body=commit.message, epoch=1)) == cited


def test_what_is_no_commit_cites_nothing(talk: Talk) -> None:
    assert trust_cited(talk.envelope("commit", AGENT.public, body=b"nonsense")) == 0
    assert trust_cited(talk.envelope("message", AGENT.public, body=b"nonsense")) == 0


def test_a_revoked_leaf_is_void(talk: Talk) -> None:
    revoked: list[Json] = [{"cred_id": "device-ana-1", "at": NOW - 1, "reason": "lost"}]
    newer = World().with_trust(trust_document(2, revoked=revoked))
    talk.trust.take(newer.bundle().to_bytes())
    assert talk.customer.void_leaves(talk.trust.state, at=talk.customers.now) == (1,)


def test_a_message_out_of_the_epoch_before_is_a_gap(talk: Talk) -> None:
    late = talk.says("Sent before the path")
    planned = with_commit(replace(talk.customer, outbox=()), Plan(), situation=talk.customers)
    assert planned.pending is not None
    path = talk.envelope("commit", CUSTOMER.public, body=planned.pending.message, epoch=1)
    talk.agent = receive(talk.agent, path, situation=talk.agents)
    agent = talk.agent_takes(late)
    assert (texts(agent), type(agent.entries[-1])) == ([], Gap)


def removal_of_ana(talk: Talk, *, revoked: bool) -> Conversation:
    """The customer's own commit that puts Ana out, in its place."""
    if revoked:
        lost: list[Json] = [{"cred_id": "device-ana-1", "at": NOW - 1, "reason": "lost"}]
        talk.trust.take(World().with_trust(trust_document(2, revoked=lost)).bundle().to_bytes())
    leaf = talk.customer.member.group.find(AGENT.public)
    assert leaf is not None
    talk.customer = with_commit(talk.customer, Plan(remove=(leaf,)), situation=talk.customers)
    assert talk.customer.pending is not None
    body = talk.customer.pending.message
    return talk.customer_takes(talk.envelope("commit", CUSTOMER.public, body=body, epoch=1))


def test_what_a_revoked_agent_never_answered_is_kept_to_be_asked_about(talk: Talk) -> None:
    talk.customer_takes(talk.says("My lid is cracked"))
    after = removal_of_ana(talk, revoked=True)
    assert [each.text for each in after.messages if each.id in after.unanswered] == ["My lid is cracked"]


def test_nothing_is_asked_where_the_agent_was_put_out_for_another_reason(talk: Talk) -> None:
    talk.customer_takes(talk.says("My lid is cracked"))
    assert removal_of_ana(talk, revoked=False).unanswered == ()


def test_yesterdays_ciphertext_under_a_new_place_is_a_gap(talk: Talk) -> None:
    envelope = talk.says("Once")
    talk.agent_takes(envelope)
    agent = talk.agent_takes(with_fields(envelope, seq=talk.seq + 1))
    assert (texts(agent), type(agent.entries[-1])) == (["Once"], Gap)


def test_a_commit_of_another_epoch_or_group_is_not_followed(talk: Talk) -> None:
    first = with_commit(talk.customer, Plan(), situation=talk.customers)
    assert first.pending is not None
    path = talk.envelope("commit", CUSTOMER.public, body=first.pending.message, epoch=1)
    talk.customer = receive(first, path, situation=talk.customers)
    second = with_commit(talk.customer, Plan(), situation=talk.customers)
    assert second.pending is not None
    early = talk.envelope("commit", CUSTOMER.public, body=second.pending.message, epoch=2)
    assert receive(talk.agent, early, situation=talk.agents).broken == STUCK
    foreign = receive(talk.agent, with_fields(path, group=2), situation=talk.agents)
    assert (foreign.broken, foreign.member.epoch, foreign.cursor) == (None, 1, path.seq)
    followed = receive(talk.agent, path, situation=talk.agents)
    again = receive(followed, with_fields(path, seq=9), situation=talk.agents)
    assert (again.broken, again.member, again.cursor) == (None, followed.member, 9)
