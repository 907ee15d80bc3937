"""The two transcript hashes (RFC 9420 §8.2) that bind every commit to all before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.mls.codec import opaque, uint16
from sotto_keys.shared.mls.crypto_labels import hash_of

if TYPE_CHECKING:
    from sotto_keys.shared.mls.framing import AuthenticatedContent


def confirmed_transcript_hash(interim_before: bytes, commit: AuthenticatedContent) -> bytes:
    """SHA-256(interim before ‖ wire format ‖ FramedContent ‖ opaque(signature)).

    A newcomer compares it with the confirmed transcript hash of the GroupInfo in its Welcome: then the relay
    showed it the very commit that added it.
    """
    return hash_of(interim_before + uint16(commit.wire_format) + commit.framed.encode() + opaque(commit.signature))


def interim_transcript_hash(confirmed: bytes, confirmation_tag: bytes) -> bytes:
    """SHA-256(confirmed ‖ opaque(confirmation tag)); also in epoch 0, where `confirmed` is empty (§11)."""
    return hash_of(confirmed + opaque(confirmation_tag))
