"""A question to the customer about letting one device in, and where it stands. What may follow what is `sotto_wire.questions`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sotto_wire.frames import RequestChanged
from sotto_wire.ids import ConversationId, DeviceKey, Digest, Millis
from sotto_wire.limits import ASK_AGAIN_AFTER_MS
from sotto_wire.questions import Event, Standing, moved

NEVER: Final = Millis(2**53 - 1)


class Question(Struct, frozen=True):
    """One row for each request the relay signed."""

    conversation: int
    request: Digest
    moment: str
    purpose: str
    device: DeviceKey
    credential: str
    asked_by: DeviceKey
    body: bytes
    package: bytes
    standing: str
    decision: Digest | None
    asked_at: Millis
    changed_at: Millis
    ends_at: Millis
    """When time ends what stands here: the open request, or the decision that was given."""

    @property
    def is_open(self) -> bool:
        """Whether the customer has not answered yet."""
        return self.standing == Standing.REQUESTED

    def after(self, event: Event, *, now: Millis, decision: Digest | None = None, ends_at: Millis = NEVER) -> Question:
        """The question once `event` happened; `WrongStage` where the table has no such move."""
        standing = moved(Standing(self.standing), event)
        return replace(
            self, standing=standing.value, decision=decision or self.decision, changed_at=now, ends_at=ends_at
        )

    def asks_again_at(self, *, refused_for_ms: int) -> Millis:
        """When the same may be asked anew: at once after a withdrawal never, for only the customer's own act brings that back."""
        match Standing(self.standing):
            case Standing.REFUSED:
                return Millis(self.changed_at + max(ASK_AGAIN_AFTER_MS, refused_for_ms))
            case Standing.WITHDRAWN:
                return NEVER
            case _:
                return Millis(self.changed_at + ASK_AGAIN_AFTER_MS)

    def told(self, conversation: ConversationId) -> RequestChanged:
        """What the agents of the conversation hear of it."""
        return RequestChanged(
            conversation=conversation,
            request=self.request,
            moment=self.moment,
            device=self.device,
            standing=self.standing,  # type: ignore[arg-type]  # the same words; `none` has no row
            at=self.changed_at,
            expires_at=self.ends_at,
        )
