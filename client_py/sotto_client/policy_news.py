"""Another policy came into force while a conversation runs: which purposes that ends, found out by the customer's own device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_client.notice import policy_in_force
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.policy.widened import ended_purposes
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Inconsistent, Untrusted
from sotto_wire.refusals import ConsentMissing, Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.ids import Digest, Millis


@dataclass
class PolicyNews:
    """Of one conversation, which keeps the terms it was opened with. The relay only hands over bytes that trust names."""

    fetch: Callable[[str], Awaitable[bytes]]
    """The policy file of that digest (hex), not believed."""
    ended: frozenset[str] = frozenset()
    """Purposes that the policy in force has ended, as far as was looked."""
    is_known: bool = True
    """Whether the policy in force was compared; where it was not, nothing is asked under terms that may ask for less."""
    _looked_at: Digest | None = None

    async def look(self, terms: Digest, trust: TrustState, *, now: Millis) -> frozenset[str]:
        """Compare the policy in force with the one in `terms`; where a file cannot be had it is looked again."""
        try:
            newest = policy_in_force(trust, now=now)
        except ConsentMissing:  # there is none to compare with
            return self.ended
        try:
            await self._compare(terms, newest)
        except (Refused, Untrusted):
            self.is_known = False
        return self.ended

    async def _compare(self, terms: Digest, newest: Digest) -> None:
        if newest == terms:
            self.ended = (
                frozenset()
            )  # back in force, perhaps: what it ended in between stays ended, and may be asked anew
        elif newest != self._looked_at:
            old, new = [read_policy(await self._file(each)) for each in (terms, newest)]
            self.ended = ended_purposes(old, new)
        self._looked_at, self.is_known = newest, True

    async def _file(self, digest: Digest) -> bytes:
        octets = await self.fetch(digest.hex())
        if digest_of(octets) != digest:
            raise Inconsistent("other bytes than the trust document names")
        return octets
