"""How a job ended, and a job of one's own: what both stores share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sotto_server.domain.rings import Rings

if TYPE_CHECKING:
    from sotto_server.ports import Unit, UseCase
    from sotto_wire.ids import Millis

C = TypeVar("C")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Ended:
    """See `ports.Outcome`."""

    result: object = None
    error: Exception | None = None
    rings: Rings = Rings()  # noqa: RUF009 - an empty frozen value


@dataclass(frozen=True, slots=True)
class Once(Generic[C, R]):
    """One use case for `Store.commit`, which keeps its typed answer."""

    use_case: UseCase[C, R]
    command: C
    now: Millis
    answers: list[R]

    def run(self, unit: Unit) -> R:
        answer = self.use_case(unit, self.command, now=self.now)
        self.answers[:] = [answer]
        return answer
