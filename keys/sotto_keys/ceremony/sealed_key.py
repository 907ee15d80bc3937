"""An officer's key in a file of mode 0600: XChaCha20-Poly1305 under Argon2id of a passphrase (RFC 9106), its public half in clear."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from sotto_keys.shared import strict_json
from sotto_keys.shared.secret import SecretSigningKey
from sotto_keys.shared.text_forms import Base64Key, from_base64, to_base64url
from sotto_keys.shared.untrusted import BadSignature, Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_keys.shared.secret import SecretText

SALT_BYTES: Final = 16
NONCE_BYTES: Final = 24
KeyKind = Literal["root", "issuing", "approver"]
"""`approver`: somebody who signs for an impact assessment; it signs nothing that a client believes."""
MAX_MEMORY_BYTES: Final = 4 * 2**30
"""A file that asks for more is not ours; it would only fill the officer's machine."""


@dataclass(frozen=True, slots=True)
class Hardness:
    """What one guess at the passphrase costs."""

    rounds: int
    memory_bytes: int


ROOT_HARDNESS: Final = Hardness(rounds=4, memory_bytes=2**30)
"""Used a few times a year: seconds do not matter."""
ISSUING_HARDNESS: Final = Hardness(rounds=3, memory_bytes=256 * 2**20)
"""Used daily; libsodium's MODERATE, about a second."""
UNSAFE_FOR_TESTS_HARDNESS: Final = Hardness(rounds=1, memory_bytes=8 * 2**20)


class SealedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. Everything but `box` is bound to the box, so that a file cannot be given another public half or purpose."""

    kind: KeyKind
    public: Base64Key
    rounds: Annotated[int, Meta(ge=1, le=64)]
    memory_bytes: Annotated[int, Meta(ge=8192, le=MAX_MEMORY_BYTES)]
    salt: str
    box: str


def seal_key(
    kind: KeyKind,
    key: SecretSigningKey,
    *,
    passphrase: SecretText,
    hardness: Hardness,
    entropy: Callable[[int], bytes],
) -> SealedKey:
    """The file's content for a key."""
    salt, nonce = entropy(SALT_BYTES), entropy(NONCE_BYTES)
    blank = SealedKey(kind, to_base64url(key.public), hardness.rounds, hardness.memory_bytes, _text(salt), "")
    sealing = _derive(passphrase, salt, hardness=hardness)
    box = crypto_aead_xchacha20poly1305_ietf_encrypt(key.reveal_seed(), strict_json.write(blank), nonce, sealing)
    return msgspec.structs.replace(blank, box=_text(nonce + box))


def unseal_key(sealed: SealedKey, *, passphrase: SecretText) -> SecretSigningKey:
    """The key; `BadSignature` where the passphrase is another or the file was changed."""
    octets = from_base64(sealed.box)
    bound = strict_json.write(msgspec.structs.replace(sealed, box=""))
    hardness = Hardness(rounds=sealed.rounds, memory_bytes=sealed.memory_bytes)
    sealing = _derive(passphrase, from_base64(sealed.salt), hardness=hardness)
    nonce, box = octets[:NONCE_BYTES], octets[NONCE_BYTES:]
    try:
        return SecretSigningKey(crypto_aead_xchacha20poly1305_ietf_decrypt(box, bound, nonce, sealing))
    except (CryptoError, ValueError):
        raise BadSignature("wrong passphrase, or the key file was changed") from None


def parse_sealed_key(octets: bytes) -> SealedKey:
    """The file taken apart; `Malformed` where it is no key file."""
    return strict_json.read(octets, SealedKey)


def _derive(passphrase: SecretText, salt: bytes, *, hardness: Hardness) -> bytes:
    if len(salt) != SALT_BYTES:
        raise Malformed("salt")
    secret = passphrase.reveal().encode()
    derived: bytes = argon2id.kdf(32, secret, salt, opslimit=hardness.rounds, memlimit=hardness.memory_bytes)
    return derived


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
