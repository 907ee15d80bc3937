"""Every row of the closed list, twice: the honest relay refuses it, and where the relay lets everything pass, the customer does."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from tests.support import forbidden_commits as deeds
from tests.support.forbidden_commits import adds, adds_under, colleague, forged, forged_path, package, sets_terms
from tests.support.permissive_relay import unsafe_for_tests_judge
from tests.support.relay_world import NOW, CustomerDevice
from tests.support.rogue_member import a_customer, a_scene
from tests.vectors.trust_world import DAY, credential, credential_document, key

from sotto_keys.shared.mls.group_terms import customer_identity
from sotto_keys.shared.mls.leaf_node import LeafSource
from sotto_keys.shared.mls.proposals import Add, ExternalInit, PreSharedKey, ProposalReference, ReInit, Update
from sotto_keys.shared.mls.psk_id import ExternalPsk, PskId
from sotto_wire.frames import Follow
from sotto_wire.refusals import Refused, WrongStage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.forbidden_commits import Row
    from tests.support.rogue_member import Made, Scene

GATE: Final = "sotto_server.usecases.verify_commit.judge_commit"
OUTSIDE, UNADMITTED, UNPROVEN = "commit_not_allowed", "not_admitted", "untrusted"

ROWS: Final[dict[str, tuple[Row, str]]] = {
    # Adds: under which decision
    "an Add without a decision": (adds_under(lambda _: None), OUTSIDE),
    "an Add under a forged decision": (adds_under(deeds.forged_decision), UNPROVEN),
    "an Add under a withdrawn decision": (deeds.adds_under_a_withdrawn_decision, UNADMITTED),
    "an Add under a decision of another customer": (adds_under(lambda _: CustomerDevice("other").start), UNPROVEN),
    "an Add under a decision of another conversation": (
        adds_under(lambda scene: deeds.of_the_customer(scene, conversation=bytes(16))),
        UNADMITTED,
    ),
    "an Add under a decision that never stood": (
        adds_under(lambda scene: deeds.of_the_customer(scene, nonce=bytes(16))),
        UNADMITTED,
    ),
    # Adds: of whom
    "a ghost": (adds(lambda: package(b"a ghost")), UNPROVEN),
    "a second customer": (adds(lambda: package(customer_identity(key("ben").public))), OUTSIDE),
    "another key under a true credential": (adds(lambda: package(credential(credential_document("cleo")))), UNPROVEN),
    "a credential that nobody issued": (
        adds(lambda: package(credential(credential_document("ben"), "mallory"))),
        UNPROVEN,
    ),
    "a credential of another organisation": (adds(lambda: colleague(org="other")), UNPROVEN),
    "a credential of another desk": (adds(lambda: colleague(desks=["returns"])), UNADMITTED),
    "a bot": (adds(lambda: colleague(kind="bot")), UNADMITTED),
    "a supervisor": (adds(lambda: colleague(roles=["supervisor"])), UNADMITTED),
    "a credential that ran out": (adds(lambda: colleague(exp=NOW)), UNPROVEN),
    "a revoked credential": (deeds.adds_a_revoked_colleague, UNPROVEN),
    "a key package that ran out": (
        adds(lambda: package(credential(credential_document("ben")), now=NOW - 9 * DAY)),
        UNPROVEN,
    ),
    "two at once": (deeds.adds_two_at_once, OUTSIDE),
    "a device that is in already": (forged(lambda rogue: Add(colleague(rogue.device.device))), OUTSIDE),
    "a newcomer with a copied key": (forged(deeds.copied_key), OUTSIDE),
    "an agent's Add of a device on call": (deeds.calls_somebody, OUTSIDE),
    "a path that says on call": (deeds.says_on_call_for_nobody, OUTSIDE),
    # Removes and handoffs
    "a Remove of the customer": (deeds.removes_the_customer, OUTSIDE),
    "a Remove of a colleague in force": (deeds.puts_the_newcomer_out, OUTSIDE),
    "a path during a handoff": (deeds.goes_on_during_a_handoff, OUTSIDE),
    "an Add during a handoff": (deeds.adds_another_during_a_handoff, OUTSIDE),
    # the terms
    "another desk in the terms": (sets_terms(lambda terms: msgspec.structs.replace(terms, desk="returns")), OUTSIDE),
    "another site in the terms": (sets_terms(lambda terms: msgspec.structs.replace(terms, site="other")), OUTSIDE),
    "an agent's own standing decision": (
        sets_terms(lambda terms: msgspec.structs.replace(terms, standing=[*terms.standing, bytes(32)])),
        OUTSIDE,
    ),
    "the same terms by an agent": (sets_terms(lambda terms: terms), OUTSIDE),
    # the path
    "a second path too soon": (deeds.sends_a_second_path_too_soon, OUTSIDE),
    "a commit in the past": (deeds.commits_in_the_past, "clock_skew"),
    "no path": (forged_path(lambda *_: None), OUTSIDE),
    "a path with the customer's key": (
        forged_path(lambda rogue, path: deeds.with_leaf(path, encryption_key=deeds.customers_key(rogue))),
        OUTSIDE,
    ),
    # a leaf that changes its face
    "another name": (deeds.changes_its_name, OUTSIDE),
    "another signature key": (
        forged_path(lambda _, path: deeds.with_leaf(path, signature_key=key("ben").public)),
        OUTSIDE,
    ),
    "other abilities": (
        forged_path(
            lambda _, path: deeds.with_leaf(path, capabilities=replace(path.leaf.capabilities, proposals=(4,)))
        ),
        OUTSIDE,
    ),
    "another source": (
        forged_path(lambda _, path: deeds.with_leaf(path, source=LeafSource.UPDATE, parent_hash=b"")),
        OUTSIDE,
    ),
    # kinds outside the list
    "an Update": (forged(lambda rogue: Update(deeds.own_leaf(rogue))), OUTSIDE),
    "a pre-shared key": (forged(lambda _: PreSharedKey(PskId(ExternalPsk(b"x"), bytes(32)))), OUTSIDE),
    "a new beginning": (forged(lambda _: ReInit(bytes(20), 1, 3, ())), OUTSIDE),
    "an external init": (forged(lambda _: ExternalInit(bytes(32))), OUTSIDE),
    "a proposal by reference": (forged(lambda _: ProposalReference(bytes(32))), OUTSIDE),
}


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with a_scene(tmp_path) as built:
        yield built


@pytest.mark.parametrize("name", ROWS)
async def test_the_honest_relay_refuses_it_and_the_conversation_goes_on(scene: Scene, *, name: str) -> None:
    row, code = ROWS[name]
    made = await row(scene)
    before = scene.head
    with pytest.raises(Refused) as refused:
        await scene.rogue.submit(made)
    assert (str(refused.value.code), scene.head) == (code, before)
    scene.customer.say("Still here")
    await scene.customer.chat.settled()
    assert scene.customer.conversation.broken is None


@pytest.mark.parametrize("name", ROWS)
async def test_the_customer_refuses_it_of_a_permissive_relay_and_sends_nothing_more(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, *, name: str
) -> None:
    row, code = ROWS[name]
    made = await row(scene)
    scene.customer.say("Before")
    await scene.customer.chat.settled()
    epoch, words = scene.customer.conversation.member.epoch, scene.customer.conversation.words
    monkeypatch.setattr(GATE, unsafe_for_tests_judge)
    await let_through(scene, made)
    after = await scene.broken()
    # It says why, and stands where it stood: with the readers and words of the epoch before.
    assert (after.broken, after.member.epoch, after.words) == (code, epoch, words)
    head = scene.head
    with pytest.raises(WrongStage):
        scene.customer.say("After")
    await settle(scene)
    assert scene.head == head


async def let_through(scene: Scene, made: Made) -> None:
    if made.is_forged:
        await scene.slip_in(made.message)
    else:
        await scene.rogue.submit(made)


async def settle(scene: Scene) -> None:
    """Whatever the customer's program still had to send was sent when these are answered."""
    scene.customer.chat.look_again()
    name, head, link = scene.rogue.conversation, scene.head, scene.customer._line.link
    for _ in range(2):
        with suppress(Refused):  # a permissive relay may count the customer out
            await link.ask(lambda ref: Follow(ref=ref, conversation=name, after=head))


async def test_a_commit_with_a_broken_signature_is_not_followed_and_the_conversation_goes_on_without_it(
    scene: Scene,
) -> None:
    message = scene.rogue.commit().message
    await scene.slip_in(message[:-40] + bytes([message[-40] ^ 1]) + message[-39:])
    after = await scene.customer.until(lambda conversation: conversation.group == 2)
    assert (after.broken, after.terms.chain[-1].epoch) == (None, 1)
    await scene.customer.until(lambda conversation: conversation.member.epoch == 1)


async def test_a_customer_that_comes_back_remembers_why_it_went_silent(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(GATE, unsafe_for_tests_judge)
    await scene.rogue.submit(await ROWS["a ghost"][0](scene))
    await scene.broken()
    await scene.customer.stop()
    scene.customer = await a_customer(scene.running, tmp_path / "customer")
    assert scene.customer.conversation.broken == UNPROVEN
    with pytest.raises(WrongStage):
        scene.customer.say("After")


async def test_what_the_list_allows_is_followed(scene: Scene) -> None:
    await deeds.hand_over(scene)
    assert [each.is_customer for each in scene.customer.readers] == [True, False, False]
    assert scene.customer.conversation.broken is None
