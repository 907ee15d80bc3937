"""What MLS hashes and signs, with its labels (RFC 9420 §5.1, §5.2), for suite 0x0003. Nothing here needs a secret."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from sotto_keys.shared.mls.codec import opaque, uint16
from sotto_keys.shared.untrusted import BadSignature

CIPHER_SUITE: Final = 0x0003
"""MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519, the only one Sotto speaks."""

HASH_BYTES: Final = 32
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

KEY_PACKAGE_REF: Final = b"MLS 1.0 KeyPackage Reference"
PROPOSAL_REF: Final = b"MLS 1.0 Proposal Reference"

LEAF_NODE_TBS: Final = "LeafNodeTBS"
KEY_PACKAGE_TBS: Final = "KeyPackageTBS"
FRAMED_CONTENT_TBS: Final = "FramedContentTBS"
GROUP_INFO_TBS: Final = "GroupInfoTBS"


def hash_of(content: bytes) -> bytes:
    """SHA-256."""
    return sha256(content).digest()


def labelled(label: str) -> bytes:
    """A label with the prefix that keeps MLS apart from other uses of a key."""
    return opaque(b"MLS 1.0 " + label.encode("ascii"))


def signed_bytes(label: str, content: bytes) -> bytes:
    """`SignContent` (§5.1.2): the bytes that the signature covers."""
    return labelled(label) + opaque(content)


def verify_with_label(key: bytes, label: str, *, content: bytes, signature: bytes) -> None:
    """`VerifyWithLabel` (§5.1.2); refuses with `BadSignature`, also for a key or signature of the wrong length."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        raise BadSignature(label)
    try:
        VerifyKey(key).verify(signed_bytes(label, content), signature)
    except BadSignatureError:
        raise BadSignature(label) from None


def ref_hash(label: bytes, value: bytes) -> bytes:
    """`RefHash` (§5.2)."""
    return hash_of(opaque(label) + opaque(value))


def kdf_label(label: str, context: bytes, *, length: int) -> bytes:
    """`KDFLabel` (§8): the info that `ExpandWithLabel` expands with."""
    return uint16(length) + labelled(label) + opaque(context)


def encrypt_context(label: str, context: bytes) -> bytes:
    """`EncryptContext` (§5.1.3): the info of HPKE in `EncryptWithLabel`."""
    return labelled(label) + opaque(context)
