"""The records of a customer's own file (docs/protocol.md 2.7): one for each decision and withdrawal in it. Only for what was verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.policy.notice_text import START
from sotto_keys.shared.record.events import Step, Subject, records_of
from sotto_keys.shared.text_forms import digest_of, from_base64url
from sotto_wire.claims import TeamAdmission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_keys.shared.receipt_bundle import ProvenBundle, ProvenDecision
    from sotto_keys.shared.record.shape import Record


def saved_records(proven: ProvenBundle) -> tuple[Record, ...]:
    """In the order of the file. The relay's requests and endings are not in it, so they have no record here and chain nothing."""
    bundle, start = proven.bundle, proven.decisions[0].decision.claims
    assert isinstance(start.admits, TeamAdmission), "the file was verified"
    policies = {bytes(digest_of(each)): each for each in map(from_base64url, bundle.policies)}
    records: list[Record] = []
    for saved, decided in zip(bundle.decisions, proven.decisions, strict=True):
        subject = Subject(
            org=proven.trust.org,
            customer_key=start.customer_key,
            desk=start.admits.desk,
            moment=saved.moment or START,
            policies=policies,
        )
        records += records_of(subject, _steps(decided))
    return tuple(records)


def _steps(decided: ProvenDecision) -> Iterator[Step]:
    decision, withdrawal = decided.decision, decided.withdrawal
    yield Step(decision.claims, decision.digest, decided.language)
    if withdrawal is not None:
        yield Step(withdrawal.claims, withdrawal.digest)
