"""HPKE in base mode (RFC 9180) for suite 0x0003: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, one message a context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import CryptoError

from sotto_keys.device.mls.aead import KEY_BYTES, NONCE_BYTES, MessageKey
from sotto_keys.device.mls.kdf import expand, extract
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.mls.codec import uint16
from sotto_keys.shared.mls.commit import HpkeCiphertext
from sotto_keys.shared.mls.crypto_labels import encrypt_context
from sotto_keys.shared.untrusted import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    Entropy = Callable[[int], bytes]
    """Gives that many random bytes: `os.urandom`, or a seeded stream in tests."""

KEM_SUITE: Final = b"KEM\x00\x20"
HPKE_SUITE: Final = b"HPKE\x00\x20\x00\x01\x00\x03"
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An X25519 key pair, 32 bytes each."""

    private: SecretBytes
    public: bytes


def key_pair(private: bytes) -> KeyPair:
    """The pair of a private key."""
    if len(private) != KEY_BYTES:
        # libsodium reads 32 bytes whatever it is given.
        raise ValueError("a private key has 32 bytes")
    return KeyPair(SecretBytes(private), crypto_scalarmult_base(private))


def derive_key_pair(material: bytes) -> KeyPair:
    """`DeriveKeyPair` (RFC 9180 §7.1.3)."""
    extracted = _labeled_extract(KEM_SUITE, b"", label=b"dkp_prk", material=material)
    return key_pair(_labeled_expand(KEM_SUITE, extracted, label=b"sk", info=b"", length=KEY_BYTES))


def new_key_pair(entropy: Entropy) -> KeyPair:
    """A fresh pair."""
    return derive_key_pair(entropy(SECRET_BYTES))


def seal(public: bytes, content: bytes, *, info: bytes, entropy: Entropy) -> HpkeCiphertext:
    """`SealBase` with empty AAD. `public` was checked to be a key; a weak one gives `Unreadable`."""
    ephemeral = new_key_pair(entropy)
    shared = _shared_secret(ephemeral.private, public, kem_context=ephemeral.public + public)
    return HpkeCiphertext(ephemeral.public, _message_key(shared, info).seal(content, aad=b""))


def open_sealed(own: KeyPair, sealed: HpkeCiphertext, *, info: bytes) -> SecretBytes:
    """`OpenBase` with empty AAD; `Unreadable` when it was not sealed to this key under this info."""
    shared = _shared_secret(own.private, sealed.kem_output, kem_context=sealed.kem_output + own.public)
    return SecretBytes(_message_key(shared, info).open(sealed.ciphertext, aad=b""))


def encrypt_with_label(
    public: bytes, label: str, *, context: bytes, content: bytes, entropy: Entropy
) -> HpkeCiphertext:
    """`EncryptWithLabel` (RFC 9420 §5.1.3)."""
    return seal(public, content, info=encrypt_context(label, context), entropy=entropy)


def decrypt_with_label(own: KeyPair, label: str, *, context: bytes, sealed: HpkeCiphertext) -> SecretBytes:
    """`DecryptWithLabel` (RFC 9420 §5.1.3); `Unreadable`."""
    return open_sealed(own, sealed, info=encrypt_context(label, context))


def _shared_secret(private: SecretBytes, public: bytes, *, kem_context: bytes) -> SecretBytes:
    if len(public) != KEY_BYTES:
        # libsodium reads 32 bytes whatever it is given.
        raise Unreadable("a public key of the wrong length")
    try:
        exchanged = crypto_scalarmult(private, public)
    except CryptoError:
        raise Unreadable("a public key that gives everybody the same secret") from None
    extracted = _labeled_extract(KEM_SUITE, b"", label=b"eae_prk", material=exchanged)
    return _labeled_expand(KEM_SUITE, extracted, label=b"shared_secret", info=kem_context, length=SECRET_BYTES)


def _message_key(shared: SecretBytes, info: bytes) -> MessageKey:
    psk_id_hash = _labeled_extract(HPKE_SUITE, b"", label=b"psk_id_hash", material=b"")
    info_hash = _labeled_extract(HPKE_SUITE, b"", label=b"info_hash", material=info)
    context = b"\x00" + psk_id_hash + info_hash
    secret = _labeled_extract(HPKE_SUITE, shared, label=b"secret", material=b"")
    key = _labeled_expand(HPKE_SUITE, secret, label=b"key", info=context, length=KEY_BYTES)
    return MessageKey(key, _labeled_expand(HPKE_SUITE, secret, label=b"base_nonce", info=context, length=NONCE_BYTES))


def _labeled_extract(suite: bytes, salt: bytes, *, label: bytes, material: bytes) -> SecretBytes:
    return extract(salt, b"HPKE-v1" + suite + label + material)


def _labeled_expand(suite: bytes, secret: bytes, *, label: bytes, info: bytes, length: int) -> SecretBytes:
    return expand(secret, uint16(length) + b"HPKE-v1" + suite + label + info, length=length)
