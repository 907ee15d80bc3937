"""Signing with a device's Ed25519 key, under MLS's labels only (RFC 9420 §5.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nacl.signing import SigningKey

from sotto_keys.shared.mls.crypto_labels import FRAMED_CONTENT_TBS, signed_bytes
from sotto_keys.shared.mls.framing import AuthenticatedContent, FramedContent, signed_content

if TYPE_CHECKING:
    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_keys.shared.mls.group_context import GroupContext


def sign_with_label(seed: SecretBytes, label: str, content: bytes) -> bytes:
    """`SignWithLabel` with the Ed25519 seed, 64 bytes."""
    return SigningKey(seed).sign(signed_bytes(label, content)).signature


def signature_key_of(seed: SecretBytes) -> bytes:
    """The public key of a seed, 32 bytes."""
    return SigningKey(seed).verify_key.encode()


def sign_content(
    seed: SecretBytes, framed: FramedContent, *, wire_format: int, context: GroupContext
) -> AuthenticatedContent:
    """Framed content with its signature; a commit still lacks its confirmation tag."""
    content = signed_content(wire_format, framed, context=context)
    return AuthenticatedContent(wire_format, framed, sign_with_label(seed, FRAMED_CONTENT_TBS, content), None)
