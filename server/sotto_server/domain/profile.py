"""A jurisdiction profile: what one law asks for, as data with a date and sources (`policyfile/profiles/`)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final

from msgspec import Meta, Struct

OVERDUE_DAYS: Final = 90
"""So long after its date a legal review is late but the policy still stands; after that nobody knows whether it does."""


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all tables."""


class Right(Rules, frozen=True):
    """One right, and where it stands."""

    id: str
    source: str


class Deadline(Rules, frozen=True):
    """How long somebody has. `clock` says how it is counted."""

    id: str
    amount: Annotated[int, Meta(ge=1)]
    clock: str
    source: str


class Transfer(Rules, frozen=True):
    """Countries that need no instrument, and the instruments for all others."""

    as_of: dt.date
    source: str
    free: list[str]
    instruments: list[str]


class Profile(Rules, frozen=True):
    """One law, as it was read on a day."""

    id: str
    name: str
    reviewed_on: dt.date
    review_due: dt.date
    source: str
    authority: str
    rights: list[Right]
    deadlines: list[Deadline]
    transfer: Transfer | None = None
    audit_log_min_days: int = 0
    needs_ccpa_table: bool = False

    @property
    def family(self) -> str:
        """The law without the day."""
        return self.id.partition("@")[0]
