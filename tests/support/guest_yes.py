"""A customer's yes to one assistant, and everything that could be wrong with it: one table for relay and clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
from tests.support.mls_room import MINUTE
from tests.vectors.trust_world import HOUR, key

from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import DECISION_TYPE, sign_compact
from sotto_wire.claims import DeviceAdmission
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_wire.claims import DecisionClaims, Signed

UNPROVEN: Final = "untrusted"


@dataclass(frozen=True, slots=True)
class Lie:
    """What is wrong with the yes, and the code with which every gate refuses the customer's own Add under it."""

    code: str
    changes: dict[str, object] = field(default_factory=dict)
    shift: dict[str, int] = field(default_factory=dict)
    """Milliseconds after the time at which it is used."""
    is_forged: bool = False
    is_left_out: bool = False
    is_renamed: bool = False
    """The right device under the name of another credential."""

    def told(self, true: DecisionClaims, *, at: int, by: SecretSigningKey) -> Signed | None:
        """The yes as it is carried; none where there is none."""
        if self.is_left_out:
            return None
        changes = self.changes | {name: at + shift for name, shift in self.shift.items()}
        claims = msgspec.structs.replace(true, **changes)
        if self.is_renamed and isinstance(claims.admits, DeviceAdmission):
            renamed = DeviceAdmission(credential="somebody-else-1", leaf_key=claims.admits.leaf_key)
            claims = msgspec.structs.replace(claims, admits=renamed)
        if self.is_forged:
            return sign_compact(DECISION_TYPE, encode_claims(claims), signer=key("stranger"))
        return sign_decision(claims, by)


LIES: Final = {
    "none at all": Lie("not_admitted", is_left_out=True),
    "a forged one": Lie(UNPROVEN, is_forged=True),
    "one that ran out": Lie("not_admitted", shift={"expires_at": 0}),
    "one of the future": Lie("not_admitted", shift={"decided_at": 5 * MINUTE + 1, "expires_at": HOUR}),
    "one of another conversation": Lie("not_admitted", {"conversation": bytes(16)}),
    "one for another credential of that device": Lie("not_admitted", is_renamed=True),
    "one for another device": Lie(
        "not_admitted", {"admits": DeviceAdmission(credential="cleo-1", leaf_key=key("cleo").public)}
    ),
    "one under another policy": Lie("not_admitted", {"policy_digest": bytes(32)}),
    "a no": Lie("commit_not_allowed", {"answer": "refused"}),
    "one for another purpose": Lie("not_admitted", {"purpose": "support"}),
}
