"""An agent's sign-in by password: limits before the hash, the hash outside the loop, the row through the committer.

T44: a name that nobody has, or who was disabled, costs the same look-up and the same hash and reads the same as a wrong
password. T45: limits by address, by name and in all. T46: at most two hashes run at once and sixteen wait.
"""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.secret import SecretText
from sotto_server.domain.limits import Pauses, Window
from sotto_server.usecases.sign_in import SignedIn, VerifiedPassword, sign_in, sign_out
from sotto_server.usecases.verify_hello import token_digest
from sotto_wire.ids import AgentId
from sotto_wire.limits import (
    HASHES_AT_ONCE,
    HASHES_WAITING,
    PASSWORD_LENGTH,
    SIGN_IN_TRIES,
    SIGN_IN_TRIES_PER_ADDRESS,
    SIGN_IN_WINDOW_MS,
)
from sotto_wire.refusals import NotSignedIn, Unavailable

if TYPE_CHECKING:
    from sotto_server.committer import Committer
    from sotto_server.domain.desk import Agent
    from sotto_server.ports import Entropy, Passwords, Store, Unit
    from sotto_wire.ids import Millis

TOKEN_BYTES: Final = 32
BUSY_RETRY_MS: Final = 2_000
"""Sixteen hashes at seven a second."""
_EVERYBODY: Final = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A name, a password, and the address class it came from (none: loopback, exempt)."""

    agent: str
    password: SecretText
    address: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """What a successful sign-in answers: the token, which only the agent's browser keeps, and who this is."""

    token: SecretText
    signed_in: SignedIn


class SigningIn:
    """All sign-ins of one relay."""

    def __init__(self, *, store: Store, committer: Committer, passwords: Passwords, entropy: Entropy) -> None:
        self._store, self._committer, self._passwords, self._entropy = store, committer, passwords, entropy
        self._hashing = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="password")
        self._waiting = 0
        self._pauses = Pauses()
        self._addresses = Window(count=SIGN_IN_TRIES_PER_ADDRESS, length_ms=SIGN_IN_WINDOW_MS)
        self._everybody = Window(count=SIGN_IN_TRIES, length_ms=SIGN_IN_WINDOW_MS)
        # Of nobody: verified for unknown names, so that they take the same time.
        self._nobody = passwords.hash(SecretText(entropy(TOKEN_BYTES).hex()))

    def close(self) -> None:
        self._hashing.shutdown(wait=True)

    async def sign_in(self, attempt: Attempt, *, now: Millis) -> Session:
        """A new session. Refuses with `NotSignedIn`, the same for every reason, `TooFast`, or `Unavailable` when too many wait."""
        self._throttle(attempt, now=now)
        agent = await self._verify(attempt, now=now)
        if agent is None:
            raise NotSignedIn("name or password")
        self._pauses.succeeded(attempt.agent)
        token = base64.urlsafe_b64encode(self._entropy(TOKEN_BYTES)).rstrip(b"=").decode()
        verified = VerifiedPassword(agent=agent.agent, password=agent.password, token_digest=token_digest(token))
        return Session(token=SecretText(token), signed_in=await self._committer.submit(sign_in, verified, now))

    async def sign_out(self, token: SecretText, *, now: Millis) -> None:
        """End the session with this token; nothing happens where there is none."""
        await self._committer.submit(sign_out, token_digest(token.reveal()), now)

    def _throttle(self, attempt: Attempt, *, now: Millis) -> None:
        """The narrowest limit first: what one address or one name has used up takes nothing from everybody's share."""
        if attempt.address is not None:
            self._addresses.take(attempt.address, now=now)
        if self._waiting >= HASHES_AT_ONCE + HASHES_WAITING:
            raise Unavailable("hashes", retry_after_ms=BUSY_RETRY_MS)
        self._pauses.check(attempt.agent, now=now)
        self._everybody.take(_EVERYBODY, now=now)
        self._pauses.begin(attempt.agent, now=now)

    async def _verify(self, attempt: Attempt, *, now: Millis) -> Agent | None:
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._hashing, self._hash, attempt, now)
        finally:
            self._waiting -= 1

    def _hash(self, attempt: Attempt, now: Millis) -> Agent | None:
        agent = self._store.read(_agent_named, AgentId(attempt.agent), now)
        known = agent is not None and agent.disabled_at is None
        stored = agent.password if agent is not None and known else self._nobody
        shortest, longest = PASSWORD_LENGTH
        given = attempt.password.reveal()
        # A password that is too long is not hashed as it stands, but something is.
        fits = self._passwords.verify(stored, SecretText(given[:longest]))
        return agent if fits and known and shortest <= len(given) <= longest else None


def _agent_named(unit: Unit, agent: AgentId, /, *, now: Millis) -> Agent | None:  # noqa: ARG001 - the shape of a query
    return unit.agents.get(agent)
