"""The records of one conversation, from the ledger's own rows. A query: nothing of it is kept, and nothing of it goes to a peer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared import strict_json
from sotto_keys.shared.card import language_of
from sotto_keys.shared.credential import Credential
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.policy.notice_text import START
from sotto_keys.shared.record.events import Step, Subject, records_of
from sotto_keys.shared.request import Event as Ending
from sotto_keys.shared.request import Request
from sotto_server.usecases.organisation import organisation_id
from sotto_server.usecases.record_decision import OPEN
from sotto_wire.claims import DecisionClaims, DeviceAdmission, Signed, TeamAdmission, WithdrawalClaims
from sotto_wire.codec import decode_claims
from sotto_wire.ids import CredentialId
from sotto_wire.moments import Moment
from sotto_wire.questions import Event
from sotto_wire.refusals import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.shared.record.shape import Record
    from sotto_server.domain.ledger import LedgerEntry
    from sotto_server.ports import Unit
    from sotto_wire.ids import ConversationId, Digest, Millis


@dataclass(frozen=True, slots=True)
class _History:
    """All rows of one subject, and the start under which they came: the next group has another customer key and its own start."""

    start: DecisionClaims
    rows: list[LedgerEntry]


def show_records(unit: Unit, conversation: ConversationId, /, *, now: Millis) -> tuple[Record, ...]:
    """Subject by subject, each in the order of the ledger. `NotFound` where it holds nothing of such a conversation.

    The rows were checked when they were taken; they are not checked again. `Inconsistent` where a policy is not held any more.
    """
    entries = unit.ledger.find(conversation=conversation)
    if not entries:
        raise NotFound("nothing in the ledger")
    org = organisation_id(unit, None, now=now)
    policies: dict[bytes, bytes] = {each.digest: each.body for each in unit.policies.find()}
    histories: dict[Digest, _History] = {}
    start = _decision(entries[0])
    for each in entries:
        start = _decision(each) if each.event == OPEN else start
        histories.setdefault(each.subject, _History(start, [])).rows.append(each)
    records: list[Record] = []
    for history in histories.values():
        subject = _subject(history, org=org, policies=policies)
        records += records_of(subject, [_step(unit, subject, each) for each in history.rows])
    return tuple(records)


def _decision(row: LedgerEntry) -> DecisionClaims:
    return decode_claims(decode_claims(row.signed, Signed).claims, DecisionClaims)


def _request(row: LedgerEntry) -> Request:
    return strict_json.read(parse_envelope(row.signed).payload, Request)


def _subject(history: _History, *, org: str, policies: Mapping[bytes, bytes]) -> Subject:
    start, first = history.start, history.rows[0]
    assert isinstance(start.admits, TeamAdmission), "a conversation begins with a desk"
    return Subject(
        org=org,
        customer_key=start.customer_key,
        desk=start.admits.desk,
        moment=START if first.event == OPEN else _request(first).moment,
        policies=policies,
    )


def _step(unit: Unit, subject: Subject, row: LedgerEntry) -> Step:
    if row.event == Event.REQUEST:
        return Step(_request(row), row.digest)
    if row.event in (Event.EXPIRE, Event.INVALIDATE):
        return Step(strict_json.read(parse_envelope(row.signed).payload, Ending), row.digest)
    if row.event == Event.WITHDRAW:
        return Step(decode_claims(decode_claims(row.signed, Signed).claims, WithdrawalClaims), row.digest)
    decided = _decision(row)
    moment = Moment.LONGER_TIME if row.event == Event.RENEW else subject.moment
    return Step(decided, row.digest, _language(unit, subject, decided, moment=moment), moment)


def _language(unit: Unit, subject: Subject, decided: DecisionClaims, *, moment: str) -> str | None:
    """None where the credential that the words name is not here any more."""
    newcomer, policy = None, subject.policies.get(decided.policy_digest)
    if isinstance(decided.admits, DeviceAdmission):
        entry = unit.credentials.get(CredentialId(decided.admits.credential))
        newcomer = None if entry is None else strict_json.read(parse_envelope(entry.envelope).payload, Credential)
    if policy is None or (newcomer is None and isinstance(decided.admits, DeviceAdmission)):
        return None
    return language_of(policy, moment, desk=subject.desk, newcomer=newcomer, digest=decided.notice_digest)
