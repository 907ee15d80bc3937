"""The operating system's randomness."""

from __future__ import annotations

import os


def system_entropy(count: int, /) -> bytes:
    """`count` bytes fit for keys and tokens."""
    return os.urandom(count)
