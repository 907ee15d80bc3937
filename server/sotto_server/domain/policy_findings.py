"""What a check of a policy can say: a code, a place, a sentence. `E…` is an error, `W…` a warning; who reacts how is one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

DATED: Final = frozenset({"E011", "E031", "E041", "E042", "E051"})
"""A date has passed; the file was in order before and nobody touched it."""
CAPABILITY_ONLY: Final = frozenset({"E031", "E041", "E042"})
"""In production these disable what they are about; every other error keeps the relay from starting."""
PRODUCTION: Final = "production"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or soon will be."""

    code: str
    path: str
    message: str

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E")


def forbids_use(findings: Iterable[Finding], *, environment: str) -> tuple[Finding, ...]:
    """The findings for which a relay does not take or start with the policy.

    A demo is run years after it was written, by people who cannot review anybody's contracts: dates do not stop it.
    """
    spared = CAPABILITY_ONLY if environment == PRODUCTION else DATED
    return tuple(each for each in findings if each.is_error and each.code not in spared)
