"""The secret tree (RFC 9420 §9): one key for each message of each member, given out once, then forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sotto_keys.device.mls.aead import KEY_BYTES, NONCE_BYTES, MessageKey
from sotto_keys.device.mls.kdf import derive_tree_secret, expand_with_label
from sotto_keys.shared.mls.tree import children
from sotto_keys.shared.mls.tree_math import direct_path, root
from sotto_keys.shared.untrusted import Inconsistent, Replayed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.device.mls.secret_bytes import SecretBytes

FARTHEST_STEP: Final = 6_000
"""Messages that the relay refused burn generations; a phone that slept through 5,000 messages must still read."""

SKIPPED_KEPT: Final = 64
"""The relay delivers in order, so a skipped key is hardly ever asked for; more would be a hoard of old keys."""

NEVER: Final = 2**32 - 1
"""The last generation: `uint32`."""


class Use(StrEnum):
    """The two ratchets of a leaf, by their label."""

    HANDSHAKE = "handshake"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Ratchet:
    """A hash ratchet at its next generation, and the keys of the last generations that were skipped."""

    secret: SecretBytes
    generation: int
    skipped: tuple[tuple[int, MessageKey], ...] = ()

    def next(self) -> tuple[MessageKey, Ratchet]:
        """The key of the next generation, and the ratchet after it."""
        return self.at(self.generation)

    def at(self, generation: int) -> tuple[MessageKey, Ratchet]:
        """The key of `generation`, and the ratchet that will not give it again.

        `Replayed`: it was given out before, or is older than what is kept. `Inconsistent`: it is too far ahead.
        """
        if generation < self.generation:
            return self._skipped_at(generation)
        if generation - self.generation > FARTHEST_STEP or generation >= NEVER:
            # T: a member that makes others compute for ever
            raise Inconsistent("a message too far ahead")
        ratchet, skipped = self, list(self.skipped)
        for missed in range(self.generation, generation):
            if missed >= generation - SKIPPED_KEPT:
                skipped.append((missed, ratchet.key()))
            ratchet = ratchet.stepped()
        kept = tuple(skipped[-SKIPPED_KEPT:])
        return ratchet.key(), replace(ratchet.stepped(), skipped=kept)

    def _skipped_at(self, generation: int) -> tuple[MessageKey, Ratchet]:
        for place, (number, key) in enumerate(self.skipped):
            if number == generation:
                return key, replace(self, skipped=self.skipped[:place] + self.skipped[place + 1 :])
        raise Replayed("a message whose key is gone")

    def key(self) -> MessageKey:
        """The key of this generation."""
        key = derive_tree_secret(self.secret, "key", generation=self.generation, length=KEY_BYTES)
        nonce = derive_tree_secret(self.secret, "nonce", generation=self.generation, length=NONCE_BYTES)
        return MessageKey(key, nonce)

    def stepped(self) -> Ratchet:
        """The next generation, with no memory of this one."""
        secret = derive_tree_secret(self.secret, "secret", generation=self.generation)
        return Ratchet(secret, self.generation + 1)


@dataclass(frozen=True, slots=True)
class SecretTree:
    """The secrets not yet used. A value: giving out a key returns the tree that no longer has it."""

    width: int
    nodes: Mapping[int, SecretBytes]
    """Node number to tree secret; a node whose children were derived is gone."""
    ratchets: Mapping[tuple[int, Use], Ratchet]

    def next_key(self, leaf: int, use: Use) -> tuple[int, MessageKey, SecretTree]:
        """Generation, key and remaining tree for the next message of one's own."""
        opened = self._opened(leaf)
        ratchet = opened.ratchets[leaf, use]
        key, after = ratchet.next()
        return ratchet.generation, key, opened.with_ratchet(leaf, use, ratchet=after)

    def key_at(self, leaf: int, use: Use, *, generation: int) -> tuple[MessageKey, SecretTree]:
        """Key and remaining tree for a message received. Keep the tree only when the message opened. Refuses as `Ratchet.at`."""
        opened = self._opened(leaf)
        key, after = opened.ratchets[leaf, use].at(generation)
        return key, opened.with_ratchet(leaf, use, ratchet=after)

    def with_ratchet(self, leaf: int, use: Use, *, ratchet: Ratchet) -> SecretTree:
        """The same tree with one ratchet moved."""
        return replace(self, ratchets={**self.ratchets, (leaf, use): ratchet})

    def _opened(self, leaf: int) -> SecretTree:
        if (leaf, Use.APPLICATION) in self.ratchets:
            return self
        nodes = dict(self.nodes)
        for node in reversed(direct_path(2 * leaf, self.width)):
            if node in nodes:
                secret = nodes.pop(node)
                for child, side in zip(children(node), (b"left", b"right"), strict=True):
                    nodes[child] = expand_with_label(secret, "tree", context=side)
        secret = nodes.pop(2 * leaf)
        begun = {(leaf, use): Ratchet(expand_with_label(secret, use.value), 0) for use in Use}
        return SecretTree(self.width, nodes, {**self.ratchets, **begun})


def new_secret_tree(encryption_secret: SecretBytes, *, width: int) -> SecretTree:
    """The secret tree of an epoch; `width` is that of the ratchet tree."""
    return SecretTree(width, {root(width): encryption_secret}, {})
