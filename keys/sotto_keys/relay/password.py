"""Passwords of agents: Argon2id by argon2-cffi, second option of RFC 9106 §4 (64 MiB, 3 passes, 4 lanes). Rate limits stand elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from sotto_wire.limits import PASSWORD_LENGTH

if TYPE_CHECKING:
    from argon2 import Parameters

    from sotto_keys.shared.secret import SecretText


class WeakPassword(ValueError):  # noqa: N818 - the house names what is wrong, without "Error"
    """Too short or too long to be set; the only rule of composition there is."""


class Argon2Passwords:
    """Slow on purpose (about 0.3 s of a core): run it off the loop, and bounded."""

    def __init__(self, parameters: Parameters = RFC_9106_LOW_MEMORY) -> None:
        self._hasher: Final = PasswordHasher.from_parameters(parameters)

    def hash(self, password: SecretText) -> str:
        """The PHC string to store. `WeakPassword` outside 12 to 128 characters."""
        shortest, longest = PASSWORD_LENGTH
        if not shortest <= len(password.reveal()) <= longest:
            raise WeakPassword(f"a password has {shortest} to {longest} characters")
        return self._hasher.hash(password.reveal())

    def verify(self, stored: str, password: SecretText) -> bool:
        """Whether it fits. Takes as long for a stored hash that belongs to nobody; a damaged hash fits nothing."""
        try:
            return self._hasher.verify(stored, password.reveal())
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether it was made with other costs than today's, so that it should be made again at the next sign-in."""
        return self._hasher.check_needs_rehash(stored)
