"""Notices of incidents: taken when the organisation signed them, told to the customers whom they concern. Nobody's reading is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.incident import judge_incident
from sotto_keys.shared.untrusted import Lapsed, Untrusted
from sotto_server.domain.documents import IncidentEntry
from sotto_server.domain.rings import Rings
from sotto_wire.frames import IncidentNotice
from sotto_wire.limits import INCIDENTS_IN_FORCE
from sotto_wire.refusals import NotNewer, TooFast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sotto_keys.shared.trust_chain import TrustState
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Speaker
    from sotto_server.ports import Unit
    from sotto_wire.ids import Millis


def publish_incident(unit: Unit, envelope: bytes, *, state: TrustState, now: Millis) -> None:
    """Keep a notice, or the correction of one. Refuses with any kind of `Untrusted`, `NotNewer`, or `TooFast` for one too many."""
    incident = judge_incident(envelope, state, now=now)
    known = unit.incidents.get(incident.incident)
    if known is not None and parse_envelope(known.envelope).digest == parse_envelope(envelope).digest:
        return
    if known is not None and incident.issued_at <= known.issued_at:
        raise NotNewer("another notice of this incident")
    if known is None and len(in_force(unit, now=now)) >= INCIDENTS_IN_FORCE:
        raise TooFast("too many notices in force")
    unit.incidents.put(
        IncidentEntry(
            incident=incident.incident,
            envelope=envelope,
            issued_at=incident.issued_at,
            affects_from=incident.affects_from,
            affects_to=incident.affects_to,
            expires_at=incident.expires,
            kept_at=now,
        )
    )
    unit.ring(Rings(incidents=True))


def judge_incidents_again(unit: Unit, state: TrustState, *, now: Millis) -> None:
    """T31: a removed issuing key voids all it signed, and nobody shall be sent what no device would show."""
    for each in unit.incidents.find():
        try:
            judge_incident(each.envelope, state, now=now)
        except Lapsed:
            continue  # `sweep` ends it
        except Untrusted:
            unit.incidents.remove(each.incident)


def in_force(unit: Unit, *, now: Millis) -> list[IncidentEntry]:
    """The notices that are told now."""
    return [each for each in unit.incidents.find() if now < each.expires_at]


def show_incidents(unit: Unit, _: None, /, *, now: Millis) -> list[bytes]:
    """A query: what `GET /v1/incidents` answers, for whom no socket reaches any more."""
    return [each.envelope for each in in_force(unit, now=now)]


def incidents_of(unit: Unit, conversation: Conversation, *, by: Speaker, now: Millis) -> Iterator[IncidentNotice]:
    """What this conversation's customer is told, and nobody else."""
    if by.device == conversation.customer:
        for each in in_force(unit, now=now):
            if each.affects_from <= conversation.opened_at < each.affects_to:
                yield IncidentNotice(conversation=conversation.id, notice=each.envelope)


def sweep_incidents(unit: Unit, *, now: Millis, limit: int) -> None:
    """Notices whose time is over leave."""
    for each in unit.incidents.due("expires_at", at=now, limit=limit):
        unit.incidents.remove(each.incident)
