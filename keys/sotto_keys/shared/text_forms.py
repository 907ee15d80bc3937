"""How binary values stand in JSON and addresses: base64url and hex, each value in exactly one spelling."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from hashlib import sha256
from typing import Annotated, Final

from msgspec import Meta

from sotto_keys.shared.untrusted import Malformed
from sotto_wire.ids import Digest
from sotto_wire.limits import NAME_CHARACTERS

# `\Z`, not `$`: the latter also matches before a final line feed.
Hex32 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""SHA-256, lower-case hex."""
Base64Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
"""32 bytes, base64url without padding."""
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}\Z")]
"""A short name for machines: organisation, person, desk, role, credential id."""
Time = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Version = Annotated[int, Meta(ge=1, le=2**31)]
"""Rule 6 of the client rules: a version never comes near where languages stop counting alike."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def to_base64url(octets: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def from_base64url(text: str, *, length: int | None = None) -> bytes:
    """The bytes of their one base64url spelling, or `Malformed`."""
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise Malformed("base64url") from None
    if to_base64url(octets) != text or (length is not None and len(octets) != length):
        raise Malformed("base64url")
    return octets


def from_base64(text: str) -> bytes:
    """The bytes of their one standard base64 spelling with padding (DSSE's), or `Malformed`."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Malformed("base64") from None
    if base64.b64encode(octets).decode("ascii") != text:
        raise Malformed("base64")
    return octets


def digest_of(octets: bytes) -> Digest:
    """SHA-256 of published bytes: how every document is named."""
    return Digest(sha256(octets).digest())


def fingerprint(digest: Digest) -> str:
    """A root's digest as a snippet carries it: lower-case base32 without padding, 52 characters."""
    return base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def from_fingerprint(text: str) -> Digest:
    """The digest a snippet pins, or `Malformed`."""
    try:
        digest = Digest(base64.b32decode(text.upper() + "=" * (-len(text) % 8)))
    except (ValueError, binascii.Error):
        raise Malformed("fingerprint") from None
    if fingerprint(digest) != text or len(digest) != sha256().digest_size:
        raise Malformed("fingerprint")
    return digest


def check_name(name: str) -> None:
    """A name shown to people: 1 to 80 characters, none that turns or hides its neighbours (T35). Raises `ValueError`."""
    if not 1 <= len(name) <= NAME_CHARACTERS or name != name.strip():
        raise ValueError("name length")
    if any(unicodedata.category(character) in _UNSEEN for character in name):
        raise ValueError("a character in the name cannot be seen")
