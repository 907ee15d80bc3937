"""What a rule about a policy may look at: the policy, the profiles it names, and the day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.shared.policy.shape import Policy
    from sotto_server.domain.profile import Profile
    from sotto_wire.ids import Millis


@dataclass(frozen=True, slots=True)
class PolicyWorld:
    """One policy on one day."""

    policy: Policy
    profiles: Mapping[str, Profile]
    """Every profile that comes with the relay, by its id."""
    at: dt.date

    @property
    def named_profiles(self) -> tuple[Profile, ...]:
        """Those that the policy names and that exist."""
        named = self.policy.jurisdictions.profiles
        return tuple(self.profiles[each] for each in named if each in self.profiles)


def day_of(now: Millis) -> dt.date:
    """The UTC day of a moment."""
    return dt.datetime.fromtimestamp(now / 1000, tz=dt.UTC).date()
