"""What a relay asks about policy files. Pure functions of their bytes, so answers are kept: anybody may ask for a page."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from sotto_keys.shared.policy.reading import NoPolicy, read_policy
from sotto_keys.shared.policy.widened import ended_purposes
from sotto_keys.shared.text_forms import digest_of
from sotto_server.domain.policy_dates import lapses, purposes_off
from sotto_server.domain.policy_findings import Finding, forbids_use
from sotto_server.policyfile.check import check_policy, world_of
from sotto_server.policyfile.load import PolicyFault, load_policy
from sotto_server.policyfile.page import STYLE, policy_page

if TYPE_CHECKING:
    import datetime as dt

    from sotto_keys.shared.policy.shape import Policy
    from sotto_server.domain.policy_dates import Lapse

KEPT: Final = 64
"""Versions times languages; more than an organisation shows in years."""


class PolicyFiles:
    """Reads, judges and shows policy files; holds nothing but a cache."""

    style: Final = STYLE

    def is_usable(self, octets: bytes, /, *, at: dt.date) -> bool:
        """Whether this relay takes the file."""
        try:
            load_policy(octets, at=at)
        except PolicyFault:
            return False
        return True

    def reasons_not_to_start(self, octets: bytes, /, *, at: dt.date) -> tuple[Finding, ...]:
        """Errors for which a relay that has this policy in force must not start; empty where it may."""
        report = check_policy(octets, at=at)
        if report.policy is None:
            return report.findings
        return forbids_use(report.findings, environment=report.policy.environment)

    def lapses(self, octets: bytes, /, *, at: dt.date) -> tuple[Lapse, ...]:
        """What is lost by this day; nothing for bytes that are no policy (they were refused when they came)."""
        policy = _read(octets)
        return () if policy is None else lapses(world_of(policy, at=at))

    def purposes_off(self, octets: bytes, /, *, at: dt.date) -> frozenset[str]:
        """Purposes that nobody may be asked for on this day."""
        policy = _read(octets)
        return frozenset() if policy is None else purposes_off(world_of(policy, at=at))

    def ended(self, old: bytes, new: bytes, /) -> frozenset[str]:
        """Purposes whose decisions under `old` end when `new` is in force; none where either is no policy."""
        return _ended(old, new)

    def page(self, octets: bytes, /, *, language: str, is_current: bool) -> str | None:
        """The privacy page; none for bytes that are no policy."""
        return _page(octets, language, is_current)

    def facts(self, octets: bytes, /) -> bytes | None:
        """The same for machines, JSON; none for bytes that are no policy."""
        policy = _read(octets)
        if policy is None:
            return None
        return msgspec.json.encode({"digest": digest_of(octets).hex(), "policy": policy})

    def gpc(self, octets: bytes, /) -> bytes | None:
        """`/.well-known/gpc.json` of the Global Privacy Control specification."""
        policy = _read(octets)
        if policy is None:
            return None
        law = policy.jurisdictions
        honours = law.ccpa is not None and law.ccpa.honour_gpc
        return msgspec.json.encode({"gpc": honours, "lastUpdate": law.reviewed_on.isoformat()})


@lru_cache(maxsize=KEPT)
def _read(octets: bytes) -> Policy | None:
    try:
        return read_policy(octets)
    except NoPolicy:
        return None


@lru_cache(maxsize=KEPT)
def _ended(old: bytes, new: bytes) -> frozenset[str]:
    before, now = _read(old), _read(new)
    return frozenset() if before is None or now is None else ended_purposes(before, now)


@lru_cache(maxsize=KEPT)
def _page(octets: bytes, language: str, is_current: bool) -> str | None:  # noqa: FBT001 - a key of the cache
    return None if _read(octets) is None else policy_page(octets, language=language, is_current=is_current)
