"""Terms of the Data Privacy Vocabulary (https://w3id.org/dpv/2.3) for what policy file and questions have words of their own for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.untrusted import Malformed
from sotto_wire.questions import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT: Final = "https://w3id.org/dpv/2.3"
SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#record"
EU: Final = "eu-gdpr"
"""The family of profiles with terms of its own in DPV."""

CONSENT_STATES: Final[Mapping[Event, str]] = {
    Event.REQUEST: "dpv:ConsentRequested",
    Event.GIVE: "dpv:ConsentGiven",
    Event.REFUSE: "dpv:ConsentRefused",
    Event.DEFER: "dpv:ConsentRequestDeferred",
    Event.WITHDRAW: "dpv:ConsentWithdrawn",
    Event.EXPIRE: "dpv:ConsentExpired",
    Event.INVALIDATE: "dpv:ConsentInvalidated",
    Event.RENEW: "dpv:RenewedConsentGiven",
}
"""6.3.7.6, by the words of the ledger. DPV: only given and renewed are states in which anything may be processed."""

NOTICE_STATES: Final[Mapping[Event, str]] = {
    Event.REQUEST: "sotto:AdmissionRequested",
    Event.GIVE: "sotto:NoticeAcknowledged",
    Event.REFUSE: "sotto:AdmissionRefused",
    Event.DEFER: "sotto:AdmissionDeferred",
    Event.WITHDRAW: "sotto:AdmissionWithdrawn",
    Event.EXPIRE: "sotto:AdmissionExpired",
    Event.INVALIDATE: "sotto:AdmissionInvalidated",
    Event.RENEW: "sotto:NoticeAcknowledged",
}
"""Where the purpose rests on something else. A no to letting somebody in acknowledges nothing, so it has a state of its own."""

EU_BASES: Final[Mapping[str, str]] = {
    "consent": "eu-gdpr:A6-1-a",
    "contract": "eu-gdpr:A6-1-b",
    "legal_obligation": "eu-gdpr:A6-1-c",
    "legitimate_interests": "eu-gdpr:A6-1-f",
}
OTHER_BASES: Final[Mapping[str, str]] = {
    "consent": "dpv:Consent",
    "contract": "dpv:Contract",
    "legal_obligation": "dpv:LegalObligation",
    "legitimate_interests": "dpv:LegitimateInterest",
}
"""6.3.4.6, where the policy names no profile of the EU."""

EU_RIGHTS: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("eu-gdpr:A7-3", frozenset({"consent"})),
    ("eu-gdpr:A15", frozenset(EU_BASES)),
    ("eu-gdpr:A16", frozenset(EU_BASES)),
    ("eu-gdpr:A17", frozenset(EU_BASES)),
    ("eu-gdpr:A18", frozenset(EU_BASES)),
    ("eu-gdpr:A20", frozenset({"consent", "contract"})),
    ("eu-gdpr:A21", frozenset({"legitimate_interests"})),
    ("eu-gdpr:A77", frozenset(EU_BASES)),
)
"""6.3.4.19: each right and the bases under which it exists (Art. 20(1)(a), 21(1))."""

JURISDICTIONS: Final[Mapping[str, str]] = {"eu-gdpr": "loc:EU", "uk-gdpr": "loc:GB", "us-ca-ccpa": "loc:US-CA"}
"""6.3.4.16, by the family of profiles that is applied to everyone. In which country a controller sits the policy does not say."""

ROLES: Final[Mapping[str, str]] = {
    "processor": "dpv:DataProcessor",
    "third_party": "dpv:ThirdParty",
    "joint_controller": "dpv:JointDataControllers",
}

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY_S: Final = 24 * 3600


def utc(at_ms: int) -> str:
    """ISO 8601 in UTC, to the millisecond. `Malformed` beyond the year 9999: no clock says that."""
    try:
        at = _EPOCH + dt.timedelta(milliseconds=at_ms)
    except OverflowError:
        raise Malformed("a time beyond the calendar") from None
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(ms: int) -> str:
    """ISO 8601, exactly; a day is 24 hours. `P0D` for nothing, and for less."""
    seconds, thousandths = divmod(max(ms, 0), 1000)
    days, seconds = divmod(seconds, _DAY_S)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    rest = f"{seconds}.{thousandths:03}S" if thousandths else f"{seconds}S" * bool(seconds)
    time = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes) + rest
    date = f"{days}D" * bool(days or not time)
    return f"P{date}T{time}" if time else f"P{date}"
