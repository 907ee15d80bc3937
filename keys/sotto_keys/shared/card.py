"""The card of a moment, from a policy file: its exact words, its purpose, and how long an answer counts (docs/protocol.md 2.5).

What the file does not hold is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.notice_text import Newcomer, notice_text
from sotto_keys.shared.policy.reading import notice_of, read_policy
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.moments import Moment, Row, row_of
from sotto_wire.refusals import NotOffered

if TYPE_CHECKING:
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.policy.notice_text import NoticeText
    from sotto_keys.shared.policy.shape import Policy, Purpose

CONSENT: Final = "consent"
DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """How a question may be asked under a policy."""

    row: Row
    purpose: str
    valid_for_ms: int | None
    """How long a yes counts; none: for the conversation."""
    refused_for_ms: int
    """How long a no is remembered, for questions the chat can do without."""


def terms_of(policy: bytes, moment: str) -> Terms:
    """How `moment` may be asked under this policy: `NotOffered` where it may not, `Malformed` for what is no policy."""
    row = row_of(moment)
    if row is None or not row.is_offered or row.guest is None:
        raise NotOffered(f"no such question: {moment}")
    read = _read(policy)
    if notice_of(read, moment) is None:
        raise NotOffered(f"the policy has no words for {moment}")
    purpose = _purpose(read, row)
    consent = purpose.consent if row.purpose else None
    days = None if consent is None else consent.validity_days
    return Terms(
        row=row,
        purpose=purpose.id,
        valid_for_ms=None if days is None else days * DAY_MS,
        refused_for_ms=0 if consent is None else consent.reask_after_refusal_days * DAY_MS,
    )


def card_of(policy: bytes, moment: str, *, desk: str, newcomer: Credential, language: str | None = None) -> NoticeText:
    """The words of this moment for this newcomer: `NotOffered` or `Malformed` as `terms_of`."""
    terms_of(policy, moment)
    read = _read(policy)
    about = Newcomer(newcomer.name, newcomer.desks[0] if newcomer.desks else "")
    return notice_text(read, moment, desk=desk, language=language or read.languages.default, newcomer=about)


def longer_text(policy: bytes, *, desk: str, language: str | None = None) -> NoticeText:
    """The words under which a customer keeps a chat open: `NotOffered` where the policy has none."""
    read = _read(policy)
    if notice_of(read, Moment.LONGER_TIME) is None:
        raise NotOffered("the policy has no words for a longer time")
    return notice_text(read, Moment.LONGER_TIME, desk=desk, language=language or read.languages.default)


def language_of(policy: bytes, moment: str, *, desk: str, newcomer: Credential | None, digest: bytes) -> str | None:
    """The language in which this policy gives exactly the words of that digest; none where it gives them in none.

    `newcomer`: whom the words are about, if about anybody.
    """
    read = _read(policy)
    about = None if newcomer is None else Newcomer(newcomer.name, newcomer.desks[0] if newcomer.desks else "")
    for language in read.languages.available:
        try:
            text = notice_text(read, moment, desk=desk, language=language, newcomer=about)
        except Malformed:  # no such moment, no such desk, or no phrases in this language
            continue
        if text.digest == digest:
            return language
    return None


def moments_of(policy: bytes) -> tuple[Moment, ...]:
    """The questions this policy allows, in the order of the table."""
    return tuple(each for each in Moment if _is_allowed(policy, each))


def _is_allowed(policy: bytes, moment: Moment) -> bool:
    try:
        terms_of(policy, moment)
    except NotOffered:
        return False
    return True


def _purpose(policy: Policy, row: Row) -> Purpose:
    for each in policy.purposes:
        if row.purpose is None and each.required_for_chat:
            return each
        if row.purpose is not None and each.id == row.purpose and each.lawful_basis == CONSENT:
            return each
    raise NotOffered("the policy has no such purpose")


@lru_cache(maxsize=8)
def _read(policy: bytes) -> Policy:
    return read_policy(policy)
