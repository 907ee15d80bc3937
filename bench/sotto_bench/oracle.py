"""Knows every message that was said and every one that was acknowledged, and judges what the clients show in the end. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Line(NamedTuple):
    """One message as a client shows it. Texts are different from each other."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What went wrong, in messages; all zero where nothing did."""

    said: int
    acknowledged: int
    lost: int
    """Acknowledged, and missing on a client."""
    unsent: int
    """Said, never acknowledged, and missing on a client although there was time."""
    doubled: int
    reordered: int
    """Out of the order in which its speaker said it, or in another place than on another client."""
    invented: int
    """Shown and never said."""

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.unsent or self.doubled or self.reordered or self.invented)


@dataclass
class Oracle:
    """One conversation's truth."""

    _said: dict[str, list[str]] = field(default_factory=dict)
    _acknowledged: set[Line] = field(default_factory=set)

    def said(self, speaker: str, text: str) -> None:
        self._said.setdefault(speaker, []).append(text)

    def acknowledged(self, speaker: str, texts: Iterable[str]) -> None:
        """The relay's answer to these was seen; it is never taken back."""
        self._acknowledged |= {Line(speaker, text) for text in texts}

    def judge(self, shown: Mapping[str, Sequence[Line]]) -> Findings:
        """What each client shows in the end, in its order."""
        every = {Line(speaker, text) for speaker, texts in self._said.items() for text in texts}
        missing = [line for lines in shown.values() for line in every - set(lines)]
        lost = [line for line in missing if line in self._acknowledged]
        counts = [Counter(lines) for lines in shown.values()]
        return Findings(
            said=len(every),
            acknowledged=len(self._acknowledged),
            lost=len(lost),
            unsent=len(missing) - len(lost),
            doubled=sum(count - 1 for each in counts for count in each.values()),
            reordered=sum(self._out_of_order(lines) for lines in shown.values()) + _apart(list(shown.values())),
            invented=sum(line not in every for lines in shown.values() for line in set(lines)),
        )

    def _out_of_order(self, lines: Sequence[Line]) -> int:
        places = {Line(who, text): place for who, texts in self._said.items() for place, text in enumerate(texts)}
        wrong = 0
        highest: dict[str, int] = {}
        for line in dict.fromkeys(lines):
            place = places.get(line)
            if place is None:
                continue
            wrong += place < highest.get(line.speaker, -1)
            highest[line.speaker] = max(place, highest.get(line.speaker, -1))
        return wrong


def _apart(shown: Sequence[Sequence[Line]]) -> int:
    """Places at which a client shows another message than the first client does, among those that both show."""
    apart = 0
    for other in shown[1:]:
        both = set(shown[0]) & set(other)
        mine = [line for line in dict.fromkeys(shown[0]) if line in both]
        theirs = [line for line in dict.fromkeys(other) if line in both]
        apart += sum(one != two for one, two in zip(mine, theirs, strict=True))
    return apart


def in_all(findings: Iterable[Findings]) -> Findings:
    """The sums over many conversations."""
    each = list(findings)
    return Findings(
        said=sum(one.said for one in each),
        acknowledged=sum(one.acknowledged for one in each),
        lost=sum(one.lost for one in each),
        unsent=sum(one.unsent for one in each),
        doubled=sum(one.doubled for one in each),
        reordered=sum(one.reordered for one in each),
        invented=sum(one.invented for one in each),
    )
