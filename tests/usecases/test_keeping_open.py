"""A customer keeps a chat open longer: by a new decision of their own device, under the words of the policy in force, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.kept_open import POLICY, begin, claiming, deciding, in_force, keep_open, keeping_open
from tests.support.policies import edited
from tests.support.relay_members import agent_commit, joined
from tests.support.relay_people import Here
from tests.support.relay_questions import Scene
from tests.support.relay_world import MINUTE, NOW, AgentDevice, CustomerDevice
from tests.vectors.trust_world import DAY, HOUR

from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.receipt import open_receipt
from sotto_keys.shared.text_forms import digest_of
from sotto_server.domain.speaker import Interest
from sotto_server.usecases.believed import believed
from sotto_server.usecases.close_conversation import close_conversation
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.post_envelope import post_envelope
from sotto_server.usecases.show_records import show_records
from sotto_wire.claims import CommitNote, DeviceAdmission, TeamAdmission
from sotto_wire.codec import encode_claims
from sotto_wire.frames import CloseConversation, ConversationChanged
from sotto_wire.ids import Millis
from sotto_wire.limits import CLOCK_SKEW_MS, TIMES_KEPT_OPEN
from sotto_wire.refusals import CommitNotAllowed, NotAdmitted, NotOffered, ProofFailed, Refused, WrongStage

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld

    from sotto_server.domain.ledger import LedgerEntry
    from sotto_server.domain.speaker import Speaker

LATER = 20 * HOUR


@pytest.fixture
def scene(relay: RelayWorld) -> Scene:
    return begin(relay)


def closes_at(scene: Scene) -> int:
    return scene.relay.conversation(scene.name).closes_at


def rows(scene: Scene) -> list[LedgerEntry]:
    return scene.relay.see(lambda unit, name, now: unit.ledger.find(conversation=name), scene.name)  # noqa: ARG005


def refused(scene: Scene, error: type[Refused], **changes: object) -> None:
    commit = keeping_open(scene, deciding(scene, **changes))
    with pytest.raises(error):
        scene.relay.commit(commit, scene.customer.speaker)
    assert closes_at(scene) == NOW + DAY
    assert scene.ledger() == ["open"]


def told(scene: Scene, by: Speaker) -> list[int]:
    """The end that a line hears of."""
    everything = Interest(
        followed={}, conversations=frozenset(), desks=frozenset(), device=False, trust=False, everything=True
    )
    frames = scene.relay.see(collect, Collecting(everything, by, Here())).frames
    return [each.card.closes_at for each in frames if isinstance(each, ConversationChanged)]


def test_it_closes_a_day_after_the_new_decision_and_everybody_is_told(scene: Scene) -> None:
    scene.relay.now = Millis(NOW + 20 * MINUTE)
    keep_open(scene)
    assert closes_at(scene) == NOW + 20 * MINUTE + DAY
    assert told(scene, scene.customer.speaker) == told(scene, scene.ana.speaker) == [closes_at(scene)]


def test_what_would_have_closed_goes_on_and_closes_then(scene: Scene) -> None:
    scene.relay.now = Millis(NOW + LATER)
    keep_open(scene)
    scene.relay.now = Millis(NOW + DAY + MINUTE)
    scene.relay.ask(post_envelope, scene.customer.post(1), scene.customer.speaker)
    assert scene.relay.sweep(9).closed == 0
    scene.relay.now = Millis(NOW + LATER + DAY)
    assert scene.relay.sweep(9).closed == 1


def test_the_ledger_says_that_the_start_was_renewed_and_the_customer_has_a_receipt(scene: Scene) -> None:
    decision = deciding(scene)
    committed = keep_open(scene, decision)
    opened, renewed = rows(scene)
    assert (opened.event, renewed.event) == ("open", "renew")
    assert renewed.subject == opened.digest
    assert renewed.digest == digest_of(decision.claims)
    assert committed.receipt is not None
    trust = scene.relay.see(lambda unit, _, now: believed(unit), None).trust  # noqa: ARG005
    assert open_receipt(parse_envelope(committed.receipt), trust).decision_digest == renewed.digest.hex()


def test_the_records_say_so_in_the_words_that_were_shown(scene: Scene) -> None:
    scene.relay.now = Millis(NOW + LATER)
    keep_open(scene)
    keep_open(scene)
    found = scene.relay.see(show_records, scene.name)
    assert [each.event.event_state for each in found] == ["sotto:NoticeAcknowledged"] * 3
    assert [each.pii_processing.privacy_notice.id for each in found] == ["start", "longer_time", "longer_time"]
    assert [each.pii_processing.language for each in found] == [None, "en", "en"]
    assert [each.event.validity_duration for each in found] == ["P1D"] * 3
    assert found[2].event.previous == f"sha256:{found[1].digest.hex()}"


def test_who_came_in_under_the_first_decision_stays(scene: Scene) -> None:
    member = joined(scene.relay, scene.customer, scene.ana)
    keep_open(scene)
    assert len(scene.standing()) == 2
    assert scene.relay.conversation(scene.name).member(scene.ana.key.public).is_current
    assert member.group.find(scene.ana.key.public) is not None


def test_the_same_commit_again_gets_the_same_answer(scene: Scene) -> None:
    commit = keeping_open(scene, deciding(scene))
    first = scene.relay.commit(commit, scene.customer.speaker)
    assert scene.relay.commit(commit, scene.customer.speaker) == first
    assert scene.ledger() == ["open", "renew"]


def test_a_shorter_decision_takes_nothing_away(scene: Scene) -> None:
    keep_open(scene, deciding(scene, expires_at=NOW + HOUR))
    assert closes_at(scene) == NOW + DAY


def test_who_is_a_little_ahead_gets_no_more_than_a_day(scene: Scene) -> None:
    ahead = NOW + CLOCK_SKEW_MS
    keep_open(scene, deciding(scene, decided_at=ahead, expires_at=ahead + DAY))
    assert closes_at(scene) == NOW + DAY


def test_a_fourth_time_is_refused(scene: Scene) -> None:
    for _ in range(TIMES_KEPT_OPEN):
        scene.relay.now = Millis(scene.relay.now + LATER)
        keep_open(scene)
    commit = keeping_open(scene, deciding(scene))
    with pytest.raises(CommitNotAllowed):
        scene.relay.commit(commit, scene.customer.speaker)
    assert closes_at(scene) == NOW + TIMES_KEPT_OPEN * LATER + DAY


def test_one_decision_is_taken_once(scene: Scene) -> None:
    decision = deciding(scene)
    keep_open(scene, decision)
    again = scene.committing(decision, standing=scene.standing())
    with pytest.raises(CommitNotAllowed):
        scene.relay.commit(again, scene.customer.speaker)
    assert scene.ledger() == ["open", "renew"]


def test_the_start_decision_again_keeps_nothing_open(scene: Scene) -> None:
    again = scene.committing(scene.customer.start, standing=scene.standing())
    with pytest.raises(CommitNotAllowed):
        scene.relay.commit(again, scene.customer.speaker)


def test_a_decision_that_the_group_does_not_know_keeps_nothing_open(scene: Scene) -> None:
    beside = scene.committing(deciding(scene), standing=scene.standing())
    with pytest.raises(CommitNotAllowed):
        scene.relay.commit(beside, scene.customer.speaker)


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": NOW},
        {"expires_at": NOW + DAY + 1},
        {"decided_at": NOW + CLOCK_SKEW_MS + 1},
        {"policy_digest": bytes(32)},
        {"conversation": bytes(16)},
        {"purpose": "quality_review"},
        {"history": "all"},
        {"request": bytes(32)},
        {"admits": TeamAdmission(desk="cards")},
    ],
    ids=",".join,
)
def test_a_decision_about_something_else_is_not_admitted(scene: Scene, changes: dict[str, object]) -> None:
    refused(scene, NotAdmitted, **changes)


def test_a_decision_about_one_device_comes_with_its_add(scene: Scene) -> None:
    one = DeviceAdmission(credential="device-ana-1", leaf_key=scene.ana.key.public)
    refused(scene, CommitNotAllowed, admits=one)


def test_a_no_keeps_nothing_open(scene: Scene) -> None:
    refused(scene, CommitNotAllowed, answer="refused")


def test_other_words_than_the_policy_s_are_not_offered(scene: Scene) -> None:
    refused(scene, NotOffered, notice_digest=bytes(32))


def test_somebody_else_s_signature_is_none(scene: Scene) -> None:
    forger = CustomerDevice("forger").key
    forged = sign_decision(claiming(scene, customer_key=forger.public), forger)
    commit = keeping_open(scene, forged)
    with pytest.raises(ProofFailed):
        scene.relay.commit(commit, scene.customer.speaker)


def test_a_policy_without_the_words_does_not_offer_it(relay: RelayWorld) -> None:
    scene = begin(relay, edited('id = "longer_time"', 'id = "policy_changed"', octets=POLICY))
    refused(scene, NotOffered)


def test_what_is_no_policy_has_no_words_for_it(relay: RelayWorld) -> None:
    scene = Scene(relay, CustomerDevice(), AgentDevice())
    relay.equip(scene.ana)
    relay.meet(scene.customer, scene.ana)
    refused(scene, NotOffered)


def test_under_another_policy_than_the_one_in_force_it_is_not_offered(scene: Scene) -> None:
    in_force(scene.relay, edited("+353 21 555 0100", "+353 21 555 0199", octets=POLICY), version=3)
    refused(scene, NotOffered)


def test_what_nobody_has_taken_is_not_kept_open(relay: RelayWorld) -> None:
    refused(begin(relay, alone=True), WrongStage)


def test_a_closed_chat_stays_closed(scene: Scene) -> None:
    commit = keeping_open(scene, deciding(scene))
    closing = CloseConversation(ref=1, conversation=scene.name)
    scene.relay.ask(close_conversation, closing, scene.customer.speaker)
    with pytest.raises(WrongStage):
        scene.relay.commit(commit, scene.customer.speaker)


def test_an_agent_cannot_keep_it_open_with_the_customer_s_decision(scene: Scene) -> None:
    """Even one that was signed and did not reach the relay."""
    decision = deciding(scene)
    member = joined(scene.relay, scene.customer, scene.ana)
    note = encode_claims(CommitNote(committed_at=NOW, relies_on=None, decision=decision, trust_version=None))
    terms = read_terms(member.group.extensions)
    longer = msgspec.structs.replace(terms, standing=[*terms.standing, digest_of(decision.claims)])
    frame = agent_commit(member, scene.customer, scene.ana)
    for extensions in (None, group_extensions(encode_claims(longer))):
        made = create_commit(member, authenticated_data=note, entropy=scene.ana.dice, extensions=extensions)
        with pytest.raises(CommitNotAllowed):
            scene.relay.commit(msgspec.structs.replace(frame, commit=made.message), scene.ana.speaker)
    assert closes_at(scene) == NOW + DAY


def test_the_next_group_keeps_the_time_and_the_count(scene: Scene) -> None:
    relay = scene.relay
    relay.now = Millis(NOW + LATER)
    keep_open(scene)
    after = CustomerDevice("second", before=scene.customer, at=relay.now, policy=digest_of(POLICY))
    assert relay.open(after).card.closes_at == NOW + LATER + DAY
    relay.commit(after.commit(relay.offered(after.conversation)), after.speaker)
    after.adopt()
    later = Scene(relay, after, scene.ana)
    keep_open(later)
    opened, _, again, renewed = rows(scene)
    assert [each.event for each in (opened, again, renewed)] == ["open", "open", "renew"]
    assert renewed.subject == again.digest
    keep_open(later)
    with pytest.raises(CommitNotAllowed):
        keep_open(later)
