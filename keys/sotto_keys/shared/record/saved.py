"""The records of a customer's own file (docs/protocol.md 2.7): one for each decision and withdrawal in it. Only for what was verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.policy.notice_text import START
from sotto_keys.shared.record.events import Step, Subject, records_of
from sotto_keys.shared.text_forms import digest_of, from_base64url
from sotto_wire.claims import TeamAdmission
from sotto_wire.moments import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_keys.shared.receipt_bundle import ProvenBundle, ProvenDecision, SavedDecision
    from sotto_keys.shared.record.shape import Record


def saved_records(proven: ProvenBundle) -> tuple[Record, ...]:
    """Subject by subject, each in the order of the file.

    The relay's requests and endings are not in it, so they have no record here and chain nothing.
    """
    bundle, start = proven.bundle, proven.decisions[0].decision.claims
    assert isinstance(start.admits, TeamAdmission), "the file was verified"
    policies = {bytes(digest_of(each)): each for each in map(from_base64url, bundle.policies)}
    records: list[Record] = []
    for moment, decisions in _subjects(proven):
        subject = Subject(
            org=proven.trust.org,
            customer_key=start.customer_key,
            desk=start.admits.desk,
            moment=moment,
            policies=policies,
        )
        records += records_of(subject, [step for each in decisions for step in _steps(*each)])
    return tuple(records)


def _subjects(proven: ProvenBundle) -> Iterator[tuple[str, list[tuple[SavedDecision, ProvenDecision]]]]:
    """A chat that is kept open renews its start: one history. Every other decision is its own."""
    both = list(zip(proven.bundle.decisions, proven.decisions, strict=True))
    yield START, [each for each in both if each[0].moment in (None, Moment.LONGER_TIME)]
    yield from ((each[0].moment, [each]) for each in both if each[0].moment not in (None, Moment.LONGER_TIME))


def _steps(saved: SavedDecision, decided: ProvenDecision) -> Iterator[Step]:
    decision, withdrawal = decided.decision, decided.withdrawal
    yield Step(decision.claims, decision.digest, decided.language, saved.moment)
    if withdrawal is not None:
        yield Step(withdrawal.claims, withdrawal.digest)
