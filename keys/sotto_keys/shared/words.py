"""Words two people can compare by voice or eye: of an organisation, of a conversation's epoch, of a device (docs/protocol.md 6)."""

from __future__ import annotations

import hmac
from functools import cache
from importlib.resources import files
from typing import Final

BITS_PER_WORD: Final = 11
"""2,048 words (BIP-39, English), whose first four letters already tell them apart."""

ORGANISATION_WORDS: Final = 4
CONVERSATION_WORDS: Final = 6
DEVICE_WORDS: Final = 6


def organisation_words(pinned_root: bytes) -> tuple[str, ...]:
    """Four words of the pinned root's digest. They recognise an organisation; the 52-character fingerprint identifies it."""
    return spell(pinned_root, label="sotto organisation words", count=ORGANISATION_WORDS)


def conversation_words(epoch_authenticator: bytes) -> tuple[str, ...]:
    """Six words of the MLS epoch authenticator (RFC 9420 §8.7): the same on every screen of the same epoch."""
    return spell(epoch_authenticator, label="sotto words", count=CONVERSATION_WORDS)


def device_words(leaf_key: bytes) -> tuple[str, ...]:
    """Six words of a device's public key, read out by its owner to the officer who issues its credential."""
    return spell(leaf_key, label="sotto device words", count=DEVICE_WORDS)


def spell(key: bytes, *, label: str, count: int) -> tuple[str, ...]:
    """HKDF-Expand (RFC 5869, SHA-256, first block) of a 32-byte key under `label`; its first `count` groups of 11 bits, as words."""
    block = hmac.digest(key, label.encode("ascii") + b"\x01", "sha256")
    bits = int.from_bytes(block, "big") >> (len(block) * 8 - count * BITS_PER_WORD)
    list_of_words = word_list()
    places = [bits >> (BITS_PER_WORD * (count - 1 - index)) & (len(list_of_words) - 1) for index in range(count)]
    return tuple(list_of_words[place] for place in places)


@cache
def word_list() -> tuple[str, ...]:
    """The 2,048 words in order; the browser is built from the same file."""
    return tuple(files("sotto_keys.shared").joinpath("wordlist.txt").read_text(encoding="ascii").split())
