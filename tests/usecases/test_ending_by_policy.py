"""Another policy comes into force while a chat runs: what it widens is over at once, what the chat needs goes on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.support.policies import edited
from tests.support.relay_people import Here
from tests.support.relay_questions import POLICY_DIGEST, POLICY_FILE, Scene
from tests.vectors.trust_world import DAY, HOUR, World, trust_document

from sotto_keys.shared.text_forms import digest_of
from sotto_server.domain.speaker import Interest
from sotto_server.policyfile.reader import PolicyFiles
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.end_by_policy import end_by_policy
from sotto_server.usecases.post_envelope import post_envelope
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_wire.frames import RequestChanged
from sotto_wire.refusals import NotOffered, StaleEpoch

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld

    from sotto_keys.shared.strict_json import Json

OTHER_CONTROLLER = edited('legal_id = "IE 612345"', 'legal_id = "IE 999999"')
OTHER_PHONE = edited("+353 21 555 0100", "+353 21 555 0199")


@pytest.fixture
def scene(relay: RelayWorld) -> Scene:
    return Scene.begin(relay)


def bring_into_force(scene: Scene, policy: bytes, *, version: int = 3) -> int:
    """How many decisions ended with the old one."""
    relay = scene.relay
    listed: list[Json] = [
        {"digest": POLICY_DIGEST.hex(), "nbf": relay.now - DAY, "exp": relay.now + 300 * DAY},
        {"digest": digest_of(policy).hex(), "nbf": relay.now, "exp": relay.now + 300 * DAY},
    ]
    trust = World().with_trust(trust_document(version, policies=listed, issued=relay.now - HOUR)).trust
    relay.do(publish_documents, Documents(trust=trust, policies=(policy, POLICY_FILE)))
    return relay.do(partial(end_by_policy, signer=relay.signer, policies=PolicyFiles()), None)


def test_an_assistant_is_out_and_the_ledger_says_why(scene: Scene) -> None:
    steam = scene.equip("steam", kind="bot")
    given = scene.allow(scene.ask("ai_assistant", steam))
    assert bring_into_force(scene, OTHER_CONTROLLER) == 1
    assert [each.standing for each in scene.questions()] == ["invalidated"]
    assert scene.ledger() == ["open", "request", "give", "invalidate"]
    member = scene.relay.conversation(scene.name).member(steam.key.public)
    assert not member.is_current
    late = scene.customer.post(1)
    with pytest.raises(StaleEpoch):
        scene.relay.ask(post_envelope, late, scene.customer.speaker)
    scene.relay.commit(scene.removing(steam, given), scene.customer.speaker)
    scene.customer.adopt()
    scene.relay.ask(post_envelope, scene.customer.post(1), scene.customer.speaker)


def test_the_customer_is_told_whom_it_shut_out_also_when_the_old_policy_is_back(scene: Scene) -> None:
    # A device that was away meanwhile finds no difference: without the word its messages would be stale for ever.
    scene.allow(scene.ask("ai_assistant", scene.equip("steam", kind="bot")))
    assert told(scene) == []
    bring_into_force(scene, OTHER_CONTROLLER)
    assert told(scene) == ["invalidated"]
    bring_into_force(scene, POLICY_FILE, version=4)
    assert told(scene) == ["invalidated"]


def told(scene: Scene) -> list[str]:
    """Where questions stand, as the customer's device hears it."""
    everything = Interest(
        followed={}, conversations=frozenset(), desks=frozenset(), device=False, trust=False, everything=True
    )
    frames = scene.relay.see(collect, Collecting(everything, scene.customer.speaker, Here())).frames
    return [each.standing for each in frames if isinstance(each, RequestChanged)]


def test_a_colleague_who_helps_stays_for_the_chat_goes_on_under_its_terms(scene: Scene) -> None:
    ben = scene.equip("ben")
    scene.allow(scene.ask("second_agent", ben))
    assert bring_into_force(scene, OTHER_CONTROLLER) == 0
    assert [each.standing for each in scene.questions()] == ["given"]
    assert scene.relay.conversation(scene.name).member(ben.key.public).is_current


def test_a_change_that_widens_nothing_ends_nothing(scene: Scene) -> None:
    scene.allow(scene.ask("ai_assistant", scene.equip("steam", kind="bot")))
    assert bring_into_force(scene, OTHER_PHONE) == 0


def test_a_purpose_that_is_gone_is_over_as_well(scene: Scene) -> None:
    scene.allow(scene.ask("ai_assistant", scene.equip("steam", kind="bot")))
    assert bring_into_force(scene, edited('id = "ai_assistant"\ndpv', 'id = "ai_helper"\ndpv')) == 1


def test_an_open_question_about_it_is_over_and_none_follows(scene: Scene) -> None:
    steam = scene.equip("steam", kind="bot")
    scene.ask("ai_assistant", steam)
    assert bring_into_force(scene, OTHER_CONTROLLER) == 1
    assert [each.standing for each in scene.questions()] == ["expired"]
    with pytest.raises(NotOffered):
        scene.ask("ai_assistant", steam)


def test_the_customer_may_still_withdraw_what_was_invalidated(scene: Scene) -> None:
    given = scene.allow(scene.ask("ai_assistant", scene.equip("steam", kind="bot")))
    bring_into_force(scene, OTHER_CONTROLLER)
    scene.withdraw(scene.withdrawal(given))
    assert scene.ledger()[-1] == "withdraw"


def test_once_is_enough(scene: Scene) -> None:
    scene.allow(scene.ask("ai_assistant", scene.equip("steam", kind="bot")))
    assert bring_into_force(scene, OTHER_CONTROLLER) == 1
    relay = scene.relay
    assert relay.do(partial(end_by_policy, signer=relay.signer, policies=PolicyFiles()), None) == 0
