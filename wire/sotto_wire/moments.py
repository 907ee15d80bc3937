"""Every moment at which a customer may be asked something, in one table: what it admits, under which purpose, and who may ask.

A moment that the table does not offer is refused (`not_offered`) by the relay and by every client when an agent asks for it: until its
feature lands, or for good where the customer's own device asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

QUALITY_REVIEW: Final = "quality_review"
AI_ASSISTANT: Final = "ai_assistant"
"""Names of purposes that the product itself knows: who may serve them is decided from the credential."""

ROLE_AGENT: Final = "agent"
ROLE_SUPERVISOR: Final = "supervisor"
KIND_HUMAN: Final = "human"
KIND_BOT: Final = "bot"


class Moment(StrEnum):
    """When a question is asked, or a notice given. Its name is also the id of the notice in the policy file that holds its words.

    `incident` is a notice and no question: it is never asked for, cannot be refused, and its words are a signed document of its
    own (`sotto_keys.shared.incident`), which customers get in the frame `incident`.
    """

    START = "start"
    SECOND_AGENT = "second_agent"
    ANOTHER_DESK = "another_desk"
    SUPERVISOR_HELP = "supervisor_help"
    QUALITY_REVIEW = "quality_review"
    AI_ASSISTANT = "ai_assistant"
    EARLIER_MESSAGES = "earlier_messages"
    LONGER_TIME = "longer_time"
    POLICY_CHANGED = "policy_changed"
    INCIDENT = "incident"
    IDENTIFIED_FORM = "identified_form"
    ATTACHMENT = "attachment"
    THIRD_PARTY = "third_party"
    TRANSCRIPT = "transcript"
    RETENTION_EXTENSION = "retention_extension"
    TRANSCRIPT_EMAIL = "transcript_email"


Whose = Literal["own", "other", "any"]


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom a moment lets in, by what the credential says: one device, named in the decision."""

    kind: str
    role: str | None
    """None: whatever role a bot has."""
    desk: Whose


@dataclass(frozen=True, slots=True)
class Row:
    """One moment."""

    is_offered: bool
    """Whether an agent may ask for it at the relay."""
    purpose: str | None = None
    """None: the purpose the chat was started for."""
    guest: Guest | None = None
    """None: it lets in nobody new, and nobody may ask for it; it is the customer's own act."""
    is_optional: bool = False
    """A purpose of its own that the chat can do without: asked rarely, and a refusal is remembered."""


MOMENTS: Final[Mapping[Moment, Row]] = {
    Moment.START: Row(is_offered=True),
    Moment.SECOND_AGENT: Row(is_offered=True, guest=Guest(KIND_HUMAN, ROLE_AGENT, "own")),
    Moment.ANOTHER_DESK: Row(is_offered=True, guest=Guest(KIND_HUMAN, ROLE_AGENT, "other")),
    Moment.SUPERVISOR_HELP: Row(is_offered=True, guest=Guest(KIND_HUMAN, ROLE_SUPERVISOR, "any")),
    Moment.QUALITY_REVIEW: Row(
        is_offered=True,
        purpose=QUALITY_REVIEW,
        guest=Guest(KIND_HUMAN, ROLE_SUPERVISOR, "any"),
        is_optional=True,
    ),
    Moment.AI_ASSISTANT: Row(
        is_offered=True, purpose=AI_ASSISTANT, guest=Guest(KIND_BOT, None, "own"), is_optional=True
    ),
    # The customer's own device asks, of itself, once somebody was let in (protocol 3.3.1). It lets nobody in and signs nothing, so the
    # relay has no part in it: were it offered, an agent could press a customer for what was said before.
    Moment.EARLIER_MESSAGES: Row(is_offered=False),
    # The customer's own act. It lets nobody in, so no agent can ask for it: there is no guest that a question could be about.
    Moment.LONGER_TIME: Row(is_offered=True),
    Moment.POLICY_CHANGED: Row(is_offered=False),
    # A notice: no agent may ask for it, and nobody is let in by it.
    Moment.INCIDENT: Row(is_offered=False),
    Moment.IDENTIFIED_FORM: Row(is_offered=False),
    Moment.ATTACHMENT: Row(is_offered=False),
    Moment.THIRD_PARTY: Row(is_offered=False, is_optional=True),
    Moment.TRANSCRIPT: Row(is_offered=False, is_optional=True),
    Moment.RETENTION_EXTENSION: Row(is_offered=False, is_optional=True),
    Moment.TRANSCRIPT_EMAIL: Row(is_offered=False, is_optional=True),
}


def row_of(moment: str) -> Row | None:
    """The row of that name; none for a name that no moment has."""
    return MOMENTS[Moment(moment)] if moment in Moment.__members__.values() else None


def fits(guest: Guest, *, kind: str, roles: Collection[str], desks: Collection[str], desk: str) -> bool:
    """Whether a credential of this kind, with these roles and desks, is one that the moment lets into a conversation of `desk`."""
    is_of_desk = desk in desks
    right_desk = guest.desk == "any" or is_of_desk == (guest.desk == "own")
    return kind == guest.kind and (guest.role is None or guest.role in roles) and right_desk


def may_serve(purpose: str, *, kind: str, roles: Collection[str]) -> bool:
    """Whether a decision for `purpose` can let such a credential in: an assistant only as an assistant, a reviewer only as a supervisor."""
    if purpose == AI_ASSISTANT:
        return kind == KIND_BOT
    if purpose == QUALITY_REVIEW:
        return kind == KIND_HUMAN and ROLE_SUPERVISOR in roles
    return kind == KIND_HUMAN and (ROLE_AGENT in roles or ROLE_SUPERVISOR in roles)
