"""A program keeps its chat open longer: both ends hear of it, handoff and next group go on under it, its file proves it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from tests.support.demo_town import branch_of
from tests.support.new_policy import bring_into_force
from tests.support.policies import edited
from tests.support.programs import Programs, hear

from sotto_cli.demo.places import DESK
from sotto_cli.main import cli
from sotto_keys.shared.receipt_bundle import verify_bundle
from sotto_keys.shared.text_forms import digest_of, fingerprint, to_base64url
from sotto_wire.limits import CONVERSATION_LIFE_MS, TIMES_KEPT_OPEN
from sotto_wire.refusals import CommitNotAllowed, NotOffered, WrongStage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.demo_town import Town

    from sotto_client import Chat, Customer


async def longer(customer: Customer, chat: Chat) -> int:
    """It is kept open, and both ends know until when."""
    before = customer.conversation.closes_at
    await customer.keep_open()
    after = await customer.until(lambda now: now.closes_at > before)
    await chat.until(lambda now: now.closes_at == after.closes_at)
    await customer.until(lambda _: all(each.standing == "taken" for each in customer.kept_open))
    return after.closes_at


async def test_both_ends_hear_of_the_new_time_and_the_file_proves_it(programs: Programs, tmp_path: Path) -> None:
    customer, _, chat = await programs.in_a_chat()
    ends = await longer(customer, chat)
    await customer.until(lambda _: customer.kept_open[0].receipt is not None)
    (kept,) = customer.kept_open
    assert ends <= kept.claims.expires_at == kept.claims.decided_at + CONVERSATION_LIFE_MS
    octets = await customer.receipts()
    start, again = verify_bundle(octets, pinned=programs.root).decisions
    assert start.receipt is not None
    assert again.receipt is not None
    assert again.receipt.ledger_index > start.receipt.ledger_index
    file = tmp_path / "receipts.json"
    file.write_bytes(octets)
    saved = records("receipt", "records", str(file), "--root", fingerprint(programs.root))
    data = str(programs.town.places.relay)
    assert saved == records("records", "--data", data, "--", to_base64url(chat.conversation.id))
    assert [each["pii_processing"]["privacy_notice"]["id"] for each in saved] == ["start", "longer_time"]
    customer.say("Good")
    assert await hear(chat, 1) == ["Good"]


def records(*words: str) -> list[dict[str, Any]]:
    told = CliRunner().invoke(cli, words)
    assert told.exit_code == 0, told.output
    return list(json.loads(told.stdout))


async def test_what_was_decided_is_sent_by_the_device_when_it_is_back(programs: Programs) -> None:
    customer, _, chat = await programs.in_a_chat()
    before = chat.conversation.closes_at
    await customer.keep_open()
    await customer.stop()
    customer = await programs.customer()
    await chat.until(lambda now: now.closes_at > before)
    await customer.until(lambda _: customer.kept_open[0].standing == "taken")
    assert len(customer.conversation.terms.standing) == 2


async def test_no_more_than_three_times_and_nobody_else_may(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat()
    name = chat.conversation.id
    with pytest.raises(NotOffered):
        await ana.candidates(name, "longer_time")
    for _ in range(TIMES_KEPT_OPEN):
        await longer(customer, chat)
    with pytest.raises(CommitNotAllowed):
        await customer.keep_open()
    await customer.close()
    with pytest.raises(WrongStage):
        await customer.keep_open()


async def test_nothing_is_kept_open_before_anybody_has_come(programs: Programs) -> None:
    customer = await programs.customer()
    with pytest.raises(WrongStage):
        await customer.keep_open()


async def test_a_colleague_takes_over_under_the_newest_decision(programs: Programs) -> None:
    customer, ana, chat = await programs.in_a_chat()
    ben = await programs.agent("ben")
    await longer(customer, chat)
    newest = customer.kept_open[0].digest
    await ana.hand_off(chat.conversation.id, "ben")
    await ben.asked()
    await ben.take(DESK, chat.conversation.id)
    inside = await ben.joined(chat.conversation.id)
    admission = inside.conversation.admission
    assert admission is not None
    assert digest_of(admission.claims) == newest
    await customer.until(lambda now: [each.under for each in now.memory.members] == [newest])
    customer.say("Hello Ben")
    assert await hear(inside, 1) == ["Hello Ben"]


async def test_the_next_group_keeps_the_time(programs: Programs) -> None:
    customer, _, chat = await programs.in_a_chat()
    ends = await longer(customer, chat)
    until = customer.kept_open[0].claims.expires_at
    await customer._line.stuck(customer.conversation)
    after = await chat.until(lambda now: now.group == 2 and now.member.epoch > 0)
    assert after.admission is not None
    assert after.closes_at == ends
    assert [each.claims.expires_at for each in customer.kept_open] == [until]
    await customer.until(lambda now: now.member.epoch > 0)
    (start,) = verify_bundle(await customer.receipts(), pinned=programs.root).decisions
    assert start.decision.claims.expires_at == until
    assert await longer(customer, chat) > ends


@pytest.mark.timeout(180)
async def test_under_another_policy_than_the_one_in_force_it_is_not_offered(town: Town, tmp_path: Path) -> None:
    # A policy that is in force stays: nobody else's town.
    with branch_of(town, tmp_path / "branch") as branch:
        async with Programs(branch, tmp_path) as people:
            customer, _, _ = await people.in_a_chat()
            bring_into_force(branch, edited("+353 21 555 0100", "+353 21 555 0199"), name="another-phone")
            await customer.until(lambda _: len(customer._begin.keeper.state.trust.policies) > 1)
            with pytest.raises(NotOffered):
                await customer.keep_open()
            assert customer.kept_open == ()
