"""HKDF-SHA256 with the labels of MLS (RFC 9420 §8, RFC 5869), and the tags that members make with shared keys."""

from __future__ import annotations

import hmac
from typing import Final

from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.mls.codec import uint32
from sotto_keys.shared.mls.crypto_labels import HASH_BYTES, kdf_label
from sotto_keys.shared.untrusted import BadSignature

ZERO: Final = SecretBytes(HASH_BYTES)
"""The all-zero input of §8 where there is no commit secret or no pre-shared key."""


def extract(salt: bytes, secret: bytes) -> SecretBytes:
    """`KDF.Extract`."""
    return SecretBytes(hmac.digest(salt, secret, "sha256"))


def expand(secret: bytes, info: bytes, *, length: int) -> SecretBytes:
    """`KDF.Expand` to `length` bytes, at most 8,160."""
    blocks, made = b"", b""
    for counter in range(1, -(-length // HASH_BYTES) + 1):
        made = hmac.digest(secret, made + info + bytes((counter,)), "sha256")
        blocks += made
    return SecretBytes(blocks[:length])


def expand_with_label(secret: bytes, label: str, *, context: bytes = b"", length: int = HASH_BYTES) -> SecretBytes:
    """`ExpandWithLabel` (§8)."""
    return expand(secret, kdf_label(label, context, length=length), length=length)


def derive_secret(secret: bytes, label: str) -> SecretBytes:
    """`DeriveSecret` (§8)."""
    return expand_with_label(secret, label)


def derive_tree_secret(secret: bytes, label: str, *, generation: int, length: int = HASH_BYTES) -> SecretBytes:
    """`DeriveTreeSecret` (§9.1)."""
    return expand_with_label(secret, label, context=uint32(generation), length=length)


def tag(key: SecretBytes, content: bytes) -> bytes:
    """`MAC`, 32 bytes."""
    return hmac.digest(key, content, "sha256")


def check_tag(key: SecretBytes, content: bytes, *, found: bytes) -> None:
    """Refuse a tag that was not made with `key` over `content`; `BadSignature`."""
    if not hmac.compare_digest(tag(key, content), found):
        raise BadSignature("a tag made with another key, or over something else")
