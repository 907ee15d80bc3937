"""Questions at the relay: who may ask what, when again, what an answer does, and what is refused."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.relay_members import envelopes
from tests.support.relay_people import Here
from tests.support.relay_questions import Scene
from tests.support.relay_world import MINUTE, AgentDevice
from tests.vectors.trust_world import HOUR, key

from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.receipt import open_receipt
from sotto_keys.shared.request import open_event, open_request
from sotto_keys.shared.untrusted import BadSignature
from sotto_server.domain.speaker import Asked, Interest
from sotto_server.policyfile.reader import PolicyFiles
from sotto_server.usecases.answer_request import answer_request
from sotto_server.usecases.believed import believed
from sotto_server.usecases.candidates import find_candidates
from sotto_server.usecases.close_conversation import close_conversation
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_wire.claims import DeviceAdmission, TeamAdmission
from sotto_wire.frames import AnswerRequest, CloseConversation, CustomerAsked, FindCandidates, RequestChanged
from sotto_wire.ids import Millis
from sotto_wire.limits import ASK_AGAIN_AFTER_MS, CLOCK_SKEW_MS, REQUEST_LIFE_MS
from sotto_wire.moments import MOMENTS, Moment
from sotto_wire.refusals import (
    ClockSkew,
    ConsentMissing,
    NoCredential,
    NotAdmitted,
    NotFound,
    NotOffered,
    TooFast,
    WrongStage,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from tests.support.relay_world import RelayWorld

    from sotto_server.domain.speaker import Speaker
    from sotto_wire.frames import Frame


@pytest.fixture
def scene(relay: RelayWorld) -> Scene:
    return Scene.begin(relay)


@pytest.fixture
def ben(scene: Scene) -> AgentDevice:
    return scene.equip("ben")


def bot_of(scene: Scene, name: str = "steam") -> AgentDevice:
    return scene.equip(name, kind="bot", roles=())


def heard(scene: Scene, by: Speaker) -> list[Frame]:
    """What a line hears that looks at everything."""
    everything = Interest(
        followed={}, conversations=frozenset(), desks=frozenset(), device=False, trust=False, everything=True
    )
    return list(scene.relay.see(collect, Collecting(everything, by, Here())).frames)


def test_a_question_is_signed_by_the_relay_and_shown_to_the_customer(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    trust = scene.relay.see(lambda unit, _, now: believed(unit), None).trust  # noqa: ARG005
    request = open_request(parse_envelope(asking.envelope), trust)
    assert (request.credential, request.asked_by, request.purpose) == ("device-ben-1", "device-ana-1", "support")
    (shown,) = [each for each in heard(scene, scene.customer.speaker) if isinstance(each, CustomerAsked)]
    assert shown.request == asking.envelope
    (told,) = [each for each in heard(scene, scene.ana.speaker) if isinstance(each, RequestChanged)]
    assert (told.standing, told.device, told.moment) == ("requested", ben.key.public, "second_agent")
    assert scene.ledger() == ["open", "request"]


def test_the_same_question_while_it_is_open_is_the_same_question(scene: Scene, ben: AgentDevice) -> None:
    assert scene.ask("second_agent", ben) == scene.ask("second_agent", ben)


def test_what_a_passed_date_has_taken_away_is_not_offered(scene: Scene) -> None:
    class Lapsed(PolicyFiles):
        def purposes_off(self, octets: bytes, /, *, at: dt.date) -> frozenset[str]:  # noqa: ARG002 - as the port has it
            return frozenset({"ai_assistant"})

    bot_of(scene)
    frame = FindCandidates(ref=1, conversation=scene.name, moment="ai_assistant")
    asked = Asked(frame, scene.ana.speaker)
    assert (
        len(scene.relay.see(partial(find_candidates, policies=PolicyFiles(), presence=Here()), asked).credentials) == 1
    )
    with pytest.raises(NotOffered):
        scene.relay.see(partial(find_candidates, policies=Lapsed(), presence=Here()), asked)


def test_one_question_at_a_time(scene: Scene, ben: AgentDevice) -> None:
    scene.ask("second_agent", ben)
    with pytest.raises(WrongStage):
        scene.ask("second_agent", scene.equip("cara"))


@pytest.mark.parametrize(
    ("moment", "face"),
    [
        ("second_agent", {}),
        ("another_desk", {"desks": ("returns",)}),
        ("supervisor_help", {"roles": ("supervisor",)}),
        ("quality_review", {"roles": ("supervisor",)}),
        ("ai_assistant", {"kind": "bot", "roles": ()}),
    ],
)
def test_a_yes_lets_in_exactly_whom_the_moment_is_about(scene: Scene, moment: str, face: dict[str, object]) -> None:
    guest = scene.equip("guest", **face)
    decision = scene.allow(scene.ask(moment, guest))
    member = scene.relay.conversation(scene.name).member(guest.key.public)
    assert (member.role, member.is_current) == ("guest", True)
    assert scene.standing()[-1] == scene.questions()[0].decision
    assert scene.ledger() == ["open", "request", "give"]
    assert decision.claims
    assert [each.kind for each in envelopes(scene.relay, scene.name, guest.key.public)][-1] == "welcome"


@pytest.mark.parametrize(
    ("moment", "face"),
    [
        ("second_agent", {"desks": ("returns",)}),
        ("another_desk", {}),
        ("second_agent", {"kind": "bot"}),
        ("supervisor_help", {}),
        ("quality_review", {}),
        ("quality_review", {"kind": "bot", "roles": ("supervisor",)}),
        ("ai_assistant", {}),
    ],
)
def test_nobody_is_asked_for_whom_the_moment_does_not_let_in(
    scene: Scene, moment: str, face: dict[str, object]
) -> None:
    with pytest.raises(NoCredential):
        scene.ask(moment, scene.equip("guest", **face))


def test_who_has_no_key_package_cannot_be_asked_for(scene: Scene) -> None:
    device = AgentDevice("ben", "device-ben")
    scene.relay.hire(device)
    scene.relay.do(publish_documents, Documents(credentials=(device.credential(),)))
    assert find(scene, "second_agent") == []
    with pytest.raises(NoCredential):
        scene.ask("second_agent", device)


def find(scene: Scene, moment: str, *, here: Sequence[AgentDevice] = ()) -> list[bytes]:
    frame = FindCandidates(ref=1, conversation=scene.name, moment=moment)
    there = Here(at_desk=[each.key.public for each in here])
    finding = partial(find_candidates, policies=PolicyFiles(), presence=there)
    return scene.relay.see(finding, Asked(frame, scene.ana.speaker)).credentials


def test_who_is_here_stands_first(scene: Scene, ben: AgentDevice) -> None:
    cleo = scene.equip("cleo")
    for here in (ben, cleo):
        assert find(scene, "second_agent", here=[here])[0] == here.credential()
    assert len(find(scene, "second_agent", here=[cleo])) == 2


def test_an_agent_finds_who_could_come_in(scene: Scene, ben: AgentDevice) -> None:
    supervisor, bot = scene.equip("sue", roles=("supervisor",)), bot_of(scene)
    assert find(scene, "second_agent") == [ben.credential()]
    assert find(scene, "quality_review") == [supervisor.credential()]
    assert find(scene, "ai_assistant") == [bot.credential()]
    assert find(scene, "another_desk") == []


def test_who_is_in_already_is_no_candidate(scene: Scene, ben: AgentDevice) -> None:
    scene.allow(scene.ask("second_agent", ben))
    assert find(scene, "second_agent") == []


@pytest.mark.parametrize(
    "moment", [each for each in Moment if not MOMENTS[each].is_offered or MOMENTS[each].guest is None]
)
def test_what_is_declared_and_not_built_is_not_offered(scene: Scene, ben: AgentDevice, moment: Moment) -> None:
    with pytest.raises(NotOffered):
        scene.ask(moment, ben)


def test_a_policy_that_names_no_such_purpose_lets_nothing_be_asked(relay: RelayWorld) -> None:
    scene = Scene.begin(relay)
    bot = bot_of(scene)
    other = Scene(relay, type(scene.customer)("other"), scene.ana)
    relay.meet(other.customer, scene.ana)
    with pytest.raises(NotOffered):
        other.ask("ai_assistant", bot)


def test_only_the_desks_agent_asks_and_only_in_a_conversation_of_its_own(scene: Scene, ben: AgentDevice) -> None:
    with pytest.raises(NotFound):
        scene.ask("ai_assistant", bot_of(scene), by=ben)
    scene.allow(scene.ask("second_agent", ben))
    with pytest.raises(NotAdmitted):
        scene.ask("ai_assistant", bot_of(scene, "vapour"), by=ben)


def test_a_guest_closes_nothing(scene: Scene, ben: AgentDevice) -> None:
    scene.allow(scene.ask("second_agent", ben))
    with pytest.raises(NotAdmitted):
        scene.relay.ask(close_conversation, CloseConversation(ref=1, conversation=scene.name), ben.speaker)


def test_a_conversation_with_a_guest_alone_goes_back_to_the_queue(scene: Scene, ben: AgentDevice) -> None:
    scene.allow(scene.ask("second_agent", ben))
    scene.relay.commit(scene.customer.commit(remove=[scene.ana.key.public]), scene.customer.speaker)
    assert scene.relay.conversation(scene.name).stage == "waiting"


# Answers


@pytest.mark.parametrize(("answer", "event"), [("refused", "refuse"), ("deferred", "defer")])
def test_a_no_is_kept_with_a_receipt_that_names_the_request(
    scene: Scene, ben: AgentDevice, answer: str, event: str
) -> None:
    asking = scene.ask("second_agent", ben)
    recorded = scene.answer(asking, answer)
    trust = scene.relay.see(lambda unit, _, now: believed(unit), None).trust  # noqa: ARG005
    receipt = open_receipt(parse_envelope(recorded.receipt), trust)
    assert (receipt.request_digest, receipt.ledger_index) == (asking.digest.hex(), 3)
    assert scene.ledger() == ["open", "request", event]
    assert scene.questions()[0].standing == answer
    assert not any(isinstance(each, CustomerAsked) for each in heard(scene, scene.customer.speaker))


def test_the_same_answer_again_gets_the_same_receipt(scene: Scene, ben: AgentDevice) -> None:
    signed = scene.decision(scene.ask("second_agent", ben), "refused")
    frame = AnswerRequest(ref=1, conversation=scene.name, decision=signed)
    assert scene.say(frame) == scene.say(frame)
    assert scene.ledger() == ["open", "request", "refuse"]


def test_a_no_is_not_followed_by_a_yes(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    yes = scene.allowing(asking)
    scene.answer(asking, "refused")
    with pytest.raises(ConsentMissing):
        scene.relay.commit(yes, scene.customer.speaker)
    with pytest.raises(WrongStage):
        scene.answer(asking, "deferred")


def test_a_yes_without_a_question_lets_nobody_in(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    for lie in ({"request": None}, {"request": bytes(32)}, {"purpose": "other"}, {"history": "all"}):
        with pytest.raises(ConsentMissing):
            scene.relay.commit(scene.allowing(asking, scene.decision(asking, **lie)), scene.customer.speaker)
    assert scene.ledger() == ["open", "request"]


def test_a_yes_travels_in_the_commit_only(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    with pytest.raises(NotAdmitted):
        scene.answer(asking, "given")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"conversation": bytes(16)}, NotAdmitted),
        ({"admits": TeamAdmission(desk="orders")}, ConsentMissing),
        ({"admits": DeviceAdmission(credential="device-ben-2", leaf_key=key("device-ben").public)}, ConsentMissing),
        ({"admits": DeviceAdmission(credential="device-ben-1", leaf_key=bytes(32))}, ConsentMissing),
        ({"purpose": "quality_review"}, ConsentMissing),
    ],
)
def test_an_answer_to_something_else_is_refused(
    scene: Scene, ben: AgentDevice, changes: dict[str, object], refusal: type[Exception]
) -> None:
    asking = scene.ask("second_agent", ben)
    with pytest.raises(refusal):
        scene.answer(asking, "refused", **changes)


@pytest.mark.parametrize("off", [CLOCK_SKEW_MS + 1, -CLOCK_SKEW_MS - 1])
def test_an_answer_of_another_time_is_refused(scene: Scene, ben: AgentDevice, off: int) -> None:
    asking = scene.ask("second_agent", ben)
    with pytest.raises(ClockSkew):
        scene.answer(asking, "refused", decided_at=scene.relay.now + off)


def test_a_yes_from_the_future_lets_nobody_in(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    ahead = scene.decision(asking, decided_at=scene.relay.now + CLOCK_SKEW_MS + 1)
    with pytest.raises(NotAdmitted):
        scene.relay.commit(scene.allowing(asking, ahead), scene.customer.speaker)


def test_an_answer_that_the_customer_did_not_sign_is_refused(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    forged = msgspec.structs.replace(scene.decision(asking, "refused"), signature=bytes(64))
    with pytest.raises(BadSignature):
        scene.say(AnswerRequest(ref=1, conversation=scene.name, decision=forged))


def test_nobody_answers_for_the_customer(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    claims = asking.claims(scene, "refused")
    agents = sign_decision(msgspec.structs.replace(claims, customer_key=scene.ana.key.public), scene.ana.key)
    frame = AnswerRequest(ref=1, conversation=scene.name, decision=agents)
    with pytest.raises(NotFound):
        scene.relay.do(partial(answer_request, signer=scene.relay.signer), Asked(frame, scene.ana.speaker))


# Time


def test_a_question_that_nobody_answers_is_over_after_a_day(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    ends_at = scene.questions()[0].ends_at
    assert ends_at <= scene.relay.now + REQUEST_LIFE_MS
    scene.relay.now = ends_at
    assert not any(isinstance(each, CustomerAsked) for each in heard(scene, scene.customer.speaker))
    scene.relay.sweep(10)
    assert (scene.questions()[0].standing, scene.ledger()[-1]) == ("expired", "expire")
    (last,) = scene.relay.see(lambda unit, _, now: unit.ledger.find(event="expire"), None)  # noqa: ARG005
    trust = scene.relay.see(lambda unit, _, now: believed(unit), None).trust  # noqa: ARG005
    assert open_event(parse_envelope(last.signed), trust).subject == asking.digest.hex()
    assert scene.relay.sweep(10).questions == 0


def test_a_yes_to_a_question_that_is_over_lets_nobody_in(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    scene.relay.now = Millis(scene.questions()[0].ends_at - HOUR)
    yes = scene.decision(asking)
    scene.relay.now = scene.questions()[0].ends_at
    with pytest.raises(ConsentMissing):
        scene.relay.commit(scene.allowing(asking, yes), scene.customer.speaker)


def test_a_decision_runs_out_by_itself(scene: Scene, ben: AgentDevice) -> None:
    asking = scene.ask("second_agent", ben)
    scene.allow(asking, scene.decision(asking, expires_at=Millis(scene.relay.now + MINUTE)))
    scene.relay.now = Millis(scene.relay.now + MINUTE)
    scene.relay.sweep(10)
    assert scene.questions()[0].standing == "expired"


@pytest.mark.parametrize("answer", ["refused", "deferred"])
def test_the_same_question_waits_ten_minutes_after_a_no(scene: Scene, ben: AgentDevice, answer: str) -> None:
    scene.answer(scene.ask("second_agent", ben), answer)
    scene.relay.now = Millis(scene.relay.now + ASK_AGAIN_AFTER_MS - 1)
    with pytest.raises(TooFast) as refused:
        scene.ask("second_agent", ben)
    assert refused.value.retry_after_ms == 1
    scene.relay.now = Millis(scene.relay.now + 1)
    scene.ask("second_agent", ben)


def test_what_the_chat_can_do_without_is_not_asked_again_after_a_no(scene: Scene) -> None:
    scene.answer(scene.ask("ai_assistant", bot_of(scene)), "refused")
    scene.relay.now = Millis(scene.relay.now + 20 * MINUTE)
    with pytest.raises(TooFast):
        scene.ask("ai_assistant", bot_of(scene, "vapour"))


def test_what_the_chat_can_do_without_is_asked_once_in_ten_minutes(scene: Scene) -> None:
    scene.answer(scene.ask("ai_assistant", bot_of(scene)), "deferred")
    review = scene.equip("sue", roles=("supervisor",))
    with pytest.raises(TooFast):
        scene.ask("quality_review", review)
    scene.relay.now = Millis(scene.relay.now + ASK_AGAIN_AFTER_MS)
    scene.ask("quality_review", review)


def test_what_the_chat_can_do_without_is_asked_three_times_at_most(scene: Scene) -> None:
    review = scene.equip("sue", roles=("supervisor",))
    for _ in range(3):
        scene.answer(scene.ask("quality_review", review), "deferred")
        scene.relay.now = Millis(scene.relay.now + ASK_AGAIN_AFTER_MS)
        scene.relay.greet(scene.ana)
    with pytest.raises(TooFast):
        scene.ask("quality_review", review)
