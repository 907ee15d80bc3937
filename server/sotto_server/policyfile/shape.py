"""The shape of `policy.toml`: every key it may have. Unknown keys are refused, so that a misspelt promise is not a silent one."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*\Z")]
Line = Annotated[str, Meta(min_length=1, max_length=512)]
Prose = Annotated[str, Meta(min_length=1, max_length=8000)]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?\Z")]
Words = dict[Language, Line]


class Shape(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all tables."""


class Controller(Shape, frozen=True):
    """Who answers for the processing."""

    name: Line
    contact: Line
    address: Line
    legal_id: Line | None = None


class Languages(Shape, frozen=True):
    """In which languages every text of the file exists."""

    default: Language
    available: Annotated[list[Language], Meta(min_length=1)]


class Desk(Shape, frozen=True):
    """What customers read as the name of a desk."""

    id: Id
    label: Words


class Purpose(Shape, frozen=True):
    """A named reason for processing."""

    id: Id
    label: Words
    lawful_basis: Literal["contract", "consent", "legal_obligation", "legitimate_interests"]
    required_for_chat: bool
    retention: Id


class Retention(Shape, frozen=True):
    """How long one class of things stays, from when, and why."""

    max_days: Annotated[int, Meta(ge=0, le=3650)]
    clock: Literal["event", "last_message", "conversation_closed"]
    action: Literal["delete", "crypto_erase"]
    purge_within_hours: Annotated[int, Meta(ge=1, le=72)]
    justification: Line
    review_due: dt.date


class Notice(Shape, frozen=True):
    """The exact words shown before a decision. Paragraphs stand apart by an empty line."""

    id: Id
    version: Annotated[int, Meta(ge=1)]
    material: Annotated[int, Meta(ge=1)]
    text: dict[Language, Prose]


class Policy(Shape, frozen=True):
    """The whole file."""

    schema: Literal["sotto-privacy/1"]
    version: Line
    effective: dt.datetime
    environment: Literal["production", "staging", "demo"]
    controller: Controller
    languages: Languages
    desks: Annotated[list[Desk], Meta(min_length=1)]
    purposes: Annotated[list[Purpose], Meta(min_length=1)]
    retention: dict[Id, Retention]
    notices: Annotated[list[Notice], Meta(min_length=1)]
