"""Notices of incidents: what the relay takes, whom it tells, and when it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from tests.support.relay_people import Here, Waiting
from tests.support.relay_questions import Scene
from tests.support.relay_world import NOW, AgentDevice, CustomerDevice, RelayWorld
from tests.vectors.trust_world import DAY, HOUR, World, incident, incident_document, root_document, trust_document

from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.untrusted import BadSignature, Inconsistent, Lapsed, Malformed, Untrusted
from sotto_server.domain.line import Line
from sotto_server.domain.speaker import Interest
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.publish_documents import Documents, prove_documents, publish_documents
from sotto_wire.frames import Follow, IncidentNotice
from sotto_wire.ids import Millis
from sotto_wire.limits import INCIDENTS_IN_FORCE
from sotto_wire.refusals import NotNewer, NotOffered, TooFast

if TYPE_CHECKING:
    from sotto_server.domain.rings import Rings
    from sotto_server.domain.speaker import Speaker
    from sotto_server.ports import Unit, UseCase
    from sotto_wire.ids import ConversationId


def kept(relay: RelayWorld) -> list[bytes]:
    def look(unit: Unit, _: None, /, *, now: Millis) -> list[bytes]:  # noqa: ARG001 - a query
        return [each.envelope for each in unit.incidents.find()]

    return relay.see(look, None)


def publish(relay: RelayWorld, *notices: bytes) -> None:
    relay.do(publish_documents, Documents(incidents=notices))


def told(
    relay: RelayWorld, by: Speaker, conversation: ConversationId, *, everything: bool = False, new: bool = True
) -> list[bytes]:
    """The notices in what a line gets that follows this conversation."""
    interest = Interest(
        followed={conversation: 0},
        conversations=frozenset((conversation,)),
        desks=frozenset(),
        device=False,
        trust=False,
        everything=everything,
        newly_followed=frozenset((conversation,)) if new else frozenset(),
    )
    frames = relay.see(collect, Collecting(interest, by, Here())).frames
    return [each.notice for each in frames if isinstance(each, IncidentNotice) and each.conversation == conversation]


def test_the_customer_of_an_affected_conversation_is_told_at_follow(
    relay: RelayWorld, customer: CustomerDevice
) -> None:
    relay.open(customer)
    publish(relay, incident())
    assert told(relay, customer.speaker, customer.conversation) == [incident()]


def test_agents_are_not_told(relay: RelayWorld, customer: CustomerDevice, ana: AgentDevice) -> None:
    relay.equip(ana)
    relay.meet(customer, ana)
    publish(relay, incident())
    assert told(relay, ana.speaker, customer.conversation) == []


def test_a_message_is_no_occasion_to_tell_it_again(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    publish(relay, incident())
    assert told(relay, customer.speaker, customer.conversation, new=False) == []


@pytest.mark.parametrize(
    ("span", "count"),
    [((NOW, NOW + 1), 1), ((NOW - 1, NOW), 0), ((NOW + 1, NOW + HOUR), 0)],
)
def test_only_conversations_opened_in_its_span_are_told(
    relay: RelayWorld, customer: CustomerDevice, span: tuple[int, int], count: int
) -> None:
    relay.open(customer)
    begins, ends = span
    publish(relay, incident(incident_document(affects_from=begins, affects_to=ends)))
    assert len(told(relay, customer.speaker, customer.conversation)) == count


def test_publishing_rings_every_line_and_each_is_told_once(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    line = Line(customer.key.public)
    line.follow(Follow(ref=1, conversation=customer.conversation, after=0))
    before = line.interest()
    assert before is not None
    assert line.news(relay.see(collect, Collecting(before, customer.speaker, Here())))
    assert line.hear(rings_of(relay, incident()))
    assert heard(relay, line, customer) == [IncidentNotice(conversation=customer.conversation, notice=incident())]
    line.look_at_everything()
    assert heard(relay, line, customer) == []


def heard(relay: RelayWorld, line: Line, customer: CustomerDevice) -> list[IncidentNotice]:
    interest = line.interest()
    assert interest is not None
    news = line.news(relay.see(collect, Collecting(interest, customer.speaker, Here())))
    return [each for each in news if isinstance(each, IncidentNotice)]


@pytest.mark.parametrize(
    ("notice", "refusal"),
    [
        (incident(signers="stranger"), BadSignature),
        (incident(signers="statement-a"), BadSignature),
        (incident(signers="root-a"), BadSignature),
        (incident(incident_document(org="teapot")), Inconsistent),
        (incident(incident_document(expires=NOW)), Lapsed),
        (incident(incident_document(severity=3)), Malformed),
        (b"not a document", Malformed),
    ],
    ids=["forged", "statement key", "root key", "another organisation", "expired", "unknown field", "no document"],
)
def test_what_the_organisation_does_not_say_is_not_kept(
    relay: RelayWorld, notice: bytes, refusal: type[Untrusted]
) -> None:
    with pytest.raises(refusal):
        relay.see(prove_documents, Documents(incidents=(notice,)))
    with pytest.raises(refusal):
        publish(relay, incident(incident_document(incident="another")), notice)
    assert kept(relay) == []


def test_the_same_notice_again_changes_nothing_and_rings_nobody(relay: RelayWorld) -> None:
    publish(relay, incident())
    opened = parse_envelope(incident())
    padded = type(opened)(opened.payload_type, opened.payload, (*opened.signatures, ("", b"a meaningless signature")))
    rings = rings_of(relay, padded.to_bytes())
    assert not rings
    assert kept(relay) == [incident()]


def rings_of(relay: RelayWorld, notice: bytes) -> Rings:
    use_case = cast("UseCase[object, object]", publish_documents)
    (outcome,) = relay.store.run([Waiting(use_case, Documents(incidents=(notice,)), relay.now)])
    assert outcome.error is None
    return outcome.rings


def test_a_correction_replaces_the_notice_and_an_older_one_does_not(relay: RelayWorld) -> None:
    corrected = incident(incident_document(issued_at=NOW, contact="dpo@kettle.example"))
    publish(relay, incident())
    publish(relay, corrected)
    assert kept(relay) == [corrected]
    with pytest.raises(NotNewer):
        publish(relay, incident())
    assert kept(relay) == [corrected]


def test_there_are_no_more_notices_than_anybody_reads(relay: RelayWorld) -> None:
    for number in range(INCIDENTS_IN_FORCE):
        publish(relay, incident(incident_document(incident=f"incident-{number}")))
    with pytest.raises(TooFast):
        publish(relay, incident(incident_document(incident="one-more")))
    publish(relay, incident(incident_document(incident="incident-0", issued_at=NOW)))


def test_a_notice_ends_by_itself_and_leaves(relay: RelayWorld, customer: CustomerDevice) -> None:
    relay.open(customer)
    publish(relay, incident(incident_document(expires=NOW + HOUR)))
    relay.now = Millis(NOW + HOUR)
    assert told(relay, customer.speaker, customer.conversation, everything=True) == []
    relay.sweep(10)
    assert kept(relay) == []


def test_a_removed_issuing_key_takes_its_notices_with_it(relay: RelayWorld) -> None:
    publish(relay, incident(), incident(incident_document(incident="short", expires=NOW + 1)))
    rotated = World().with_root(root_document(2, issuing="issuing-b", prev=World().last), "root-a")
    trust = rotated.with_trust(trust_document(2, root_version=2, issued=NOW), "issuing-b").trust
    relay.do(publish_documents, Documents(roots=(rotated.last,), trust=trust))
    assert kept(relay) == []
    again = incident(incident_document(issued_at=NOW), signers="issuing-b")
    publish(relay, again)
    assert kept(relay) == [again]


def test_another_trust_document_leaves_a_notice_that_is_over_to_the_sweep(relay: RelayWorld) -> None:
    over = incident(incident_document(expires=NOW + 1))
    publish(relay, over)
    relay.now = Millis(NOW + DAY)
    relay.do(publish_documents, Documents(trust=World().with_trust(trust_document(2)).trust))
    assert kept(relay) == [over]


def test_no_agent_can_ask_for_it(relay: RelayWorld) -> None:
    scene = Scene.begin(relay)
    with pytest.raises(NotOffered):
        scene.ask("incident", scene.equip("ben"))
