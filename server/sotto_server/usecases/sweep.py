"""What time alone ends: envelopes, conversations, handoffs, sign-ins, key packages, notices of incidents.

In slices, so that no batch waits long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sotto_server.domain.rings import look_at
from sotto_server.usecases.close_conversation import end
from sotto_server.usecases.expire_questions import expire_questions
from sotto_server.usecases.handing import end_handoff
from sotto_server.usecases.incidents import sweep_incidents
from sotto_server.usecases.key_package_stock import stock_of, warn_if_low
from sotto_wire.ids import Millis
from sotto_wire.limits import ENVELOPE_LIFE_MS, IDLE_CLOSE_MS, SESSION_IDLE_MS

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.ports import Unit

SLICE: Final = 400


@dataclass(frozen=True, slots=True)
class Swept:
    """How much went."""

    envelopes: int
    closed: int
    forgotten: int
    sign_ins: int
    key_packages: int
    handoffs: int
    questions: int

    @property
    def more(self) -> bool:
        """A slice was full: sweep again soon."""
        counts = (self.envelopes, self.closed, self.forgotten, self.sign_ins, self.key_packages)
        return SLICE in (*counts, self.handoffs, self.questions)


def sweep(unit: Unit, slice_size: int = SLICE, /, *, now: Millis, signer: Signer) -> Swept:
    # Each list is read before this use case changes what it lists.
    expired = unit.mail.expired(at=now, limit=slice_size)
    due = unit.mail.to_close(at=now, idle_since=Millis(now - IDLE_CLOSE_MS), limit=slice_size)
    over = unit.mail.over(idle_since=Millis(now - ENVELOPE_LIFE_MS), limit=slice_size)
    _expire(unit, expired)
    for each in due:
        end(unit, unit.mail.by_key(each.key) or each, now=now)
    for each in over:
        unit.mail.forget(each)
    sweep_incidents(unit, now=now, limit=slice_size)
    return Swept(
        envelopes=len(expired),
        closed=len(due),
        forgotten=len(over),
        sign_ins=_end_sign_ins(unit, slice_size, now=now),
        key_packages=_drop_key_packages(unit, slice_size, now=now),
        handoffs=_lapse_handoffs(unit, slice_size, now=now),
        questions=expire_questions(unit, slice_size, now=now, signer=signer),
    )


def _expire(unit: Unit, expired: list[tuple[int, int]]) -> None:
    """All envelopes of a conversation live equally long, so the expired ones are its oldest."""
    highest: dict[int, int] = {}
    for key, seq in expired:
        highest[key] = max(seq, highest.get(key, 0))
    for key, seq in highest.items():
        conversation = unit.mail.by_key(key)
        if conversation is not None and seq > conversation.gone:
            unit.mail.keep(replace(conversation, gone=seq))
            unit.ring(look_at(conversation.id, conversation.readers()))


def _end_sign_ins(unit: Unit, limit: int, *, now: Millis) -> int:
    over = unit.sign_ins.due("expires_at", at=now, limit=limit)
    idle = unit.sign_ins.due("used_at", at=Millis(now - SESSION_IDLE_MS), limit=limit)
    for each in (*over, *idle):
        unit.sign_ins.remove(each.token_digest)
    return max(len(over), len(idle))


def _drop_key_packages(unit: Unit, limit: int, *, now: Millis) -> int:
    due = unit.key_packages.due("expires_at", at=now, limit=limit)
    for each in due:
        unit.key_packages.remove(each.reference)
    for device in sorted({each.device for each in due}):
        warn_if_low(unit, device, left=len(stock_of(unit, device, now=now).single_use))
    return len(due)


def _lapse_handoffs(unit: Unit, limit: int, *, now: Millis) -> int:
    due = unit.handoffs.due("lapses_at", at=now, limit=limit)
    for each in due:
        conversation = unit.mail.by_key(each.conversation)
        if conversation is not None and each.is_open:
            unit.mail.keep(end_handoff(unit, conversation, each, act="lapse", now=now))
        else:
            unit.handoffs.remove(each.conversation)
    return len(due)
