"""The shared vectors, answered by Python; `client_web/test/keys` answers the same file in TypeScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
import pytest
from tests.vectors.make_trust_vectors import VECTORS, as_text

from sotto_keys.shared import strict_json
from sotto_keys.shared.credential import Credential
from sotto_keys.shared.decision import covers, verify_decision
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.incident import judge_incident
from sotto_keys.shared.receipt import open_receipt
from sotto_keys.shared.text_forms import from_base64url, from_fingerprint
from sotto_keys.shared.trust import TrustDocument
from sotto_keys.shared.trust_bundle import TrustBundle, parse_bundle
from sotto_keys.shared.trust_chain import TrustMemory, judge_bundle, parse_memory
from sotto_keys.shared.untrusted import Malformed, Untrusted
from sotto_wire.claims import GroupTerms, Signed
from sotto_wire.codec import decode_claims
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class BundleRef(msgspec.Struct):
    roots: list[str]
    trust: str


class MemoryText(msgspec.Struct):
    pinned: str
    root_version: int
    root_digest: str
    trust_version: int
    trust_digest: str
    last_signed_ms: int

    def memory(self) -> TrustMemory:
        return TrustMemory(
            pinned=bytes.fromhex(self.pinned),
            root_version=self.root_version,
            root_digest=bytes.fromhex(self.root_digest),
            trust_version=self.trust_version,
            trust_digest=bytes.fromhex(self.trust_digest),
            last_signed_ms=self.last_signed_ms,
        )


class ChainExpect(msgspec.Struct):
    refused: str | None = None
    state: str | None = None
    root_version: int | None = None
    trust_version: int | None = None
    clock_is_behind: bool | None = None
    memory: MemoryText | None = None


class ChainCase(msgspec.Struct):
    name: str
    pinned: str
    bundle: BundleRef
    memory: MemoryText | None
    now: int
    expect: ChainExpect


class CredentialExpect(msgspec.Struct):
    refused: str | None = None
    cred_id: str | None = None


class CredentialCase(msgspec.Struct):
    name: str
    pinned: str
    bundle: BundleRef
    credential: str
    at: int
    leaf_key: str | None
    desk: str | None
    role: str | None
    kind: str | None
    expect: CredentialExpect


class IncidentExpect(msgspec.Struct):
    refused: str | None = None
    incident: str | None = None


class IncidentCase(msgspec.Struct):
    name: str
    pinned: str
    bundle: BundleRef
    notice: str
    at: int
    opened: tuple[int, int] | None
    expect: IncidentExpect


class DecisionExpect(msgspec.Struct):
    refused: str | None = None
    covers: bool | None = None
    digest: str | None = None


class DecisionCase(msgspec.Struct):
    name: str
    signed: str
    customer_key: str
    conversation: str
    terms: str
    credential: str
    at: int
    expect: DecisionExpect


class ReceiptExpect(msgspec.Struct):
    refused: str | None = None
    ledger_index: int | None = None


class ReceiptCase(msgspec.Struct):
    name: str
    trust: str
    receipt: str
    expect: ReceiptExpect


class Repeat(msgspec.Struct):
    before: str
    letter: str
    count: int
    after: str


class JsonCase(msgspec.Struct):
    name: str
    octets: str | None
    repeat: Repeat | None
    ok: bool


class Vectors(msgspec.Struct):
    documents: dict[str, str]
    chains: list[ChainCase]
    credentials: list[CredentialCase]
    incidents: list[IncidentCase]
    decisions: list[DecisionCase]
    receipts: list[ReceiptCase]
    strict_json: list[JsonCase]


FILE = msgspec.json.decode(VECTORS.read_bytes(), type=Vectors)


def _bundle(reference: BundleRef) -> TrustBundle:
    envelope = {name: from_base64url(text) for name, text in FILE.documents.items()}
    bundle = TrustBundle(tuple(envelope[each] for each in reference.roots), envelope[reference.trust])
    return parse_bundle(bundle.to_bytes())


def _named(
    cases: list[ChainCase]
    | list[CredentialCase]
    | list[IncidentCase]
    | list[DecisionCase]
    | list[ReceiptCase]
    | list[JsonCase],
) -> Iterator[object]:
    for case in cases:
        yield pytest.param(case, id=case.name)


def test_the_committed_file_is_what_the_script_writes() -> None:
    assert VECTORS.read_text(encoding="utf-8") == as_text()


def _answer(question: Callable[[], T]) -> T | str:
    try:
        return question()
    except Untrusted as untrusted:
        return untrusted.code


@pytest.mark.parametrize("case", _named(FILE.chains))
def test_a_bundle_is_answered(case: ChainCase) -> None:
    memory = parse_memory(case.memory.memory().to_bytes()) if case.memory else None
    state = _answer(lambda: judge_bundle(from_fingerprint(case.pinned), _bundle(case.bundle), memory=memory))
    if isinstance(state, str):
        assert case.expect == ChainExpect(refused=state)
        return
    now = Millis(case.now)
    assert state.freshness(now) == case.expect.state
    assert state.roots.newest.document.version == case.expect.root_version
    assert state.trust.version == case.expect.trust_version
    assert state.clock_is_behind(now) == case.expect.clock_is_behind
    assert case.expect.memory is not None
    assert state.memory == case.expect.memory.memory()


@pytest.mark.parametrize("case", _named(FILE.credentials))
def test_a_credential_is_answered(case: CredentialCase) -> None:
    state = judge_bundle(from_fingerprint(case.pinned), _bundle(case.bundle), memory=None)
    leaf_key = from_base64url(case.leaf_key) if case.leaf_key else None
    asked = {"desk": case.desk, "role": case.role, "kind": case.kind}
    envelope, at = from_base64url(case.credential), Millis(case.at)
    answer = _answer(lambda: state.judge_credential(envelope, at=at, leaf_key=leaf_key, **asked))
    if isinstance(answer, str):
        assert case.expect == CredentialExpect(refused=answer)
    else:
        assert case.expect == CredentialExpect(cred_id=answer.cred_id)


@pytest.mark.parametrize("case", _named(FILE.incidents))
def test_a_notice_of_an_incident_is_answered(case: IncidentCase) -> None:
    state = judge_bundle(from_fingerprint(case.pinned), _bundle(case.bundle), memory=None)
    notice, now = from_base64url(case.notice), Millis(case.at)
    answer = _answer(lambda: judge_incident(notice, state, now=now, opened=case.opened))
    if isinstance(answer, str):
        assert case.expect == IncidentExpect(refused=answer)
    else:
        assert case.expect == IncidentExpect(incident=answer.incident)


@pytest.mark.parametrize("case", _named(FILE.decisions))
def test_a_decision_is_answered(case: DecisionCase) -> None:
    signed = decode_claims(from_base64url(case.signed), Signed)
    decision = _answer(lambda: verify_decision(signed, from_base64url(case.customer_key)))
    if isinstance(decision, str):
        assert case.expect == DecisionExpect(refused=decision)
        return
    covered = covers(
        decision.claims,
        strict_json.read(case.credential.encode(), Credential),
        conversation=from_base64url(case.conversation),
        terms=decode_claims(from_base64url(case.terms), GroupTerms),
        at=Millis(case.at),
    )
    assert case.expect == DecisionExpect(covers=covered, digest=decision.digest.hex())


@pytest.mark.parametrize("case", _named(FILE.receipts))
def test_a_receipt_is_answered(case: ReceiptCase) -> None:
    trust = strict_json.read(case.trust.encode(), TrustDocument)
    receipt = _answer(lambda: open_receipt(parse_envelope(from_base64url(case.receipt)), trust))
    if isinstance(receipt, str):
        assert case.expect == ReceiptExpect(refused=receipt)
    else:
        assert case.expect == ReceiptExpect(ledger_index=receipt.ledger_index)


@pytest.mark.parametrize("case", _named(FILE.strict_json))
def test_json_is_read_strictly(case: JsonCase) -> None:
    if case.repeat:
        octets = f"{case.repeat.before}{case.repeat.letter * case.repeat.count}{case.repeat.after}".encode()
    else:
        octets = from_base64url(case.octets or "")
    try:
        strict_json.parse(octets)
    except Malformed:
        assert not case.ok
    else:
        assert case.ok
