"""ChaCha20-Poly1305 (RFC 8439) as MLS uses it: one key and nonce for one message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_aead_chacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.untrusted import Unreadable

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class MessageKey:
    """Key and nonce of one message."""

    key: SecretBytes
    nonce: SecretBytes

    def seal(self, content: bytes, *, aad: bytes) -> bytes:
        """Ciphertext and tag."""
        return crypto_aead_chacha20poly1305_ietf_encrypt(content, aad, self.nonce, self.key)

    def open(self, sealed: bytes, *, aad: bytes) -> bytes:
        """The content; `Unreadable` when it was sealed otherwise."""
        if len(sealed) < TAG_BYTES:
            raise Unreadable("too short for a sealed message")
        try:
            return crypto_aead_chacha20poly1305_ietf_decrypt(sealed, aad, self.nonce, self.key)
        except CryptoError:
            raise Unreadable("not sealed with this key") from None

    def guarded(self, guard: bytes) -> MessageKey:
        """The same with the nonce's first bytes changed by the reuse guard (RFC 9420 §6.3.1)."""
        mixed = bytes(one ^ other for one, other in zip(self.nonce, guard, strict=False))
        return MessageKey(self.key, SecretBytes(mixed + self.nonce[len(guard) :]))
