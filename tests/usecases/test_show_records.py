"""The ledger as records: what its rows say, subject by subject, and that nothing is kept for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from msgspec.structs import replace
from tests.support.relay_questions import POLICY_FILE, Scene, policy_allows_questions
from tests.support.relay_world import NOW, AgentDevice
from tests.support.saved_receipts import ANSWER, ASSISTANT, CLAIMS, CONVERSATION, CUSTOMER, POLICY, QUESTION
from tests.vectors.record_cases import CONSENT, ended, octets_of, over, steps, subject
from tests.vectors.trust_world import key, sign

from sotto_keys.shared import strict_json
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import CREDENTIAL_TYPE, EVENT_TYPE, REQUEST_TYPE
from sotto_keys.shared.record.events import records_of
from sotto_keys.shared.request import Event as Ending
from sotto_keys.shared.request import Request
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Inconsistent
from sotto_keys.shared.withdrawal import sign_withdrawal
from sotto_server.domain.ledger import LedgerEntry
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_server.usecases.show_records import show_records
from sotto_wire.claims import DecisionClaims
from sotto_wire.codec import encode_claims
from sotto_wire.ids import ConversationId, Digest
from sotto_wire.refusals import NotFound

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld
    from tests.vectors.record_cases import Said

    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis

HERE: Final = ConversationId(CONVERSATION)
START: Final = digest_of(encode_claims(CLAIMS))
ASKED: Final = digest_of(strict_json.write(QUESTION))


def row(index: int, event: str, subject_: bytes, said: Said, *, by: str = "customer") -> LedgerEntry:
    """A row as the relay writes it."""
    if isinstance(said, Request | Ending):
        kind = REQUEST_TYPE if isinstance(said, Request) else EVENT_TYPE
        signed = sign(kind, strict_json.write(said), "statement-a")
    elif isinstance(said, DecisionClaims):
        signed = encode_claims(sign_decision(said, key(by)))
    else:
        signed = encode_claims(sign_withdrawal(said, key(by)))
    return LedgerEntry(
        index=index,
        event=event,
        conversation=HERE,
        subject=Digest(subject_),
        digest=digest_of(octets_of(said)),
        signed=signed,
        receipt=None,
        recorded_at=NOW,
    )


def _keep(unit: Unit, rows: list[LedgerEntry], /, *, now: Millis) -> None:  # noqa: ARG001 - the shape of a use case
    for each in rows:
        unit.ledger.add(each)


def states(relay: RelayWorld, conversation: bytes = HERE) -> list[str]:
    found = relay.see(show_records, ConversationId(conversation))
    return [each.event.event_state for each in found]


def test_rows_are_told_as_the_statements_in_them_are(relay: RelayWorld) -> None:
    assert POLICY == POLICY_FILE
    policy_allows_questions(relay)
    relay.do(publish_documents, Documents(credentials=(sign(CREDENTIAL_TYPE, ASSISTANT, "issuing-a"),)))
    rows = [
        row(1, "open", START, CLAIMS),
        row(2, "request", ASKED, QUESTION),
        row(3, "give", ASKED, ANSWER),
        row(4, "withdraw", ASKED, ended(ANSWER)),
    ]
    relay.do(_keep, rows)
    history = CONSENT["given and withdrawn"]
    expected = records_of(subject("start"), steps((CLAIMS,))) + records_of(subject("ai_assistant"), steps(history))
    assert relay.see(show_records, HERE) == expected
    assert expected[2].pii_processing.language == "en"


def test_what_the_relay_ended_is_told_as_ended(relay: RelayWorld) -> None:
    policy_allows_questions(relay)
    given = encode_claims(ANSWER)
    rows = [row(1, "open", START, CLAIMS), row(2, "request", ASKED, QUESTION), row(3, "give", ASKED, ANSWER)]
    relay.do(_keep, [*rows, row(4, "invalidate", ASKED, over(given, "invalidate"))])
    assert states(relay)[1:] == ["dpv:ConsentRequested", "dpv:ConsentGiven", "dpv:ConsentInvalidated"]


def test_a_guest_whose_credential_is_gone_leaves_the_language_unknown(relay: RelayWorld) -> None:
    policy_allows_questions(relay)
    relay.do(_keep, [row(1, "open", START, CLAIMS), row(2, "request", ASKED, QUESTION), row(3, "give", ASKED, ANSWER)])
    start, _, given = relay.see(show_records, HERE)
    assert (start.pii_processing.language, given.pii_processing.language) == ("en", None)


def test_what_was_asked_in_the_next_group_is_about_its_own_customer_key(relay: RelayWorld) -> None:
    policy_allows_questions(relay)
    second = replace(CLAIMS, customer_key=key("second").public)
    rows = [
        row(1, "open", START, CLAIMS),
        row(2, "open", digest_of(encode_claims(second)), second, by="second"),
        row(3, "request", ASKED, QUESTION),
    ]
    relay.do(_keep, rows)
    first, after, asked = (each.pii_principal_id for each in relay.see(show_records, HERE))
    assert first == f"sha256:{digest_of(CUSTOMER.public).hex()}"
    assert after == asked == f"sha256:{digest_of(key('second').public).hex()}"


def test_a_policy_that_is_not_held_is_not_made_up(relay: RelayWorld) -> None:
    relay.do(_keep, [row(1, "open", START, CLAIMS)])
    with pytest.raises(Inconsistent):
        relay.see(show_records, HERE)


def test_a_conversation_that_never_was_has_no_records(relay: RelayWorld) -> None:
    with pytest.raises(NotFound):
        relay.see(show_records, ConversationId(bytes(16)))


def test_a_whole_history_at_a_real_relay(relay: RelayWorld) -> None:
    scene = Scene.begin(relay)
    steam: AgentDevice = scene.equip("steam", kind="bot", roles=())
    given = scene.allow(scene.ask("ai_assistant", steam))
    scene.withdraw(scene.withdrawal(given))
    scene.ask("second_agent", scene.equip("ben"))
    (waiting,) = (each for each in scene.questions() if each.is_open)
    relay.now = waiting.ends_at
    relay.sweep(10)
    assert sorted(scene.ledger()) == sorted(["open", "request", "give", "withdraw", "request", "expire"])
    assert states(relay, scene.name) == [
        "sotto:NoticeAcknowledged",
        "dpv:ConsentRequested",
        "dpv:ConsentGiven",
        "dpv:ConsentWithdrawn",
        "sotto:AdmissionRequested",
        "sotto:AdmissionExpired",
    ]
