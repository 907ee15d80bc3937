"""The relay's statement key: signs receipts, never terms, credentials or trust. Reading and writing its file is the caller's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import key_id
from sotto_keys.shared.secret import SecretSigningKey
from sotto_keys.shared.text_forms import Time, from_base64url, to_base64url
from sotto_keys.shared.trust import StatementKeyEntry
from sotto_wire.ids import KEY_BYTES, DeviceKey, Millis

if TYPE_CHECKING:
    from collections.abc import Callable

STATEMENT_KEY_LIFE_MS: Final = 90 * 24 * 3600 * 1000


class _SecretFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["sotto.statement-key.v1"]
    seed: Annotated[str, Meta(max_length=64)]
    nbf: Time
    exp: Time


@dataclass(frozen=True, slots=True)
class StatementKey:
    """The key and its time; signs as a `Signer`."""

    key: SecretSigningKey = field(repr=False)
    nbf: Millis
    exp: Millis

    @property
    def public(self) -> DeviceKey:
        return self.key.public

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)

    def entry(self) -> StatementKeyEntry:
        """The public half, as `trust.statement_keys` lists it."""
        return StatementKeyEntry(
            keyid=key_id(self.public), public=to_base64url(self.public), nbf=self.nbf, exp=self.exp
        )

    def public_file(self) -> bytes:
        """JSON for the officer: `{"keyid", "public", "nbf", "exp"}`."""
        return strict_json.write(self.entry()) + b"\n"

    def to_bytes(self) -> bytes:
        """The secret file's content; belongs into a file of mode 0600."""
        seed = to_base64url(self.key.reveal_seed())
        return strict_json.write(_SecretFile(kind="sotto.statement-key.v1", seed=seed, nbf=self.nbf, exp=self.exp))


def new_statement_key(
    entropy: Callable[[int], bytes], *, nbf: Millis, life_ms: int = STATEMENT_KEY_LIFE_MS
) -> StatementKey:
    """A fresh key, valid from `nbf` for 90 days."""
    return StatementKey(key=SecretSigningKey(entropy(KEY_BYTES)), nbf=nbf, exp=Millis(nbf + life_ms))


def parse_statement_key(octets: bytes) -> StatementKey:
    """The secret file read back, or `Malformed`."""
    file = strict_json.read(octets, _SecretFile)
    seed = from_base64url(file.seed, length=KEY_BYTES)
    return StatementKey(key=SecretSigningKey(seed), nbf=Millis(file.nbf), exp=Millis(file.exp))


def parse_public_file(octets: bytes) -> StatementKeyEntry:
    """The public file, as the officer reads it, or `Malformed`."""
    return strict_json.read(octets, StatementKeyEntry)
