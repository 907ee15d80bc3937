"""Commits, update paths and HPKE ciphertexts as they travel (RFC 9420 §7.6, §12.4). Nothing is opened here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sotto_keys.shared.mls.codec import Reader, opaque, optional, vector
from sotto_keys.shared.mls.leaf_node import LeafNode
from sotto_keys.shared.mls.proposals import (
    Proposal,
    ProposalReference,
    encode_proposal_or_reference,
    read_proposal_or_reference,
)


@dataclass(frozen=True, slots=True)
class HpkeCiphertext:
    """Something sealed to one HPKE key."""

    kem_output: bytes
    ciphertext: bytes

    def encode(self) -> bytes:
        """`HPKECiphertext`."""
        return opaque(self.kem_output) + opaque(self.ciphertext)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`HPKECiphertext`."""
        return cls(reader.opaque(), reader.opaque())


@dataclass(frozen=True, slots=True)
class PathNode:
    """One node of an update path: its new key, and its path secret sealed to each node of the copath's resolution."""

    encryption_key: bytes
    sealed: tuple[HpkeCiphertext, ...]

    def encode(self) -> bytes:
        """`UpdatePathNode`."""
        return opaque(self.encryption_key) + vector(each.encode() for each in self.sealed)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`UpdatePathNode`."""
        return cls(reader.opaque(), reader.vector(HpkeCiphertext.read))


@dataclass(frozen=True, slots=True)
class UpdatePath:
    """The committer's new leaf and the new nodes of its filtered direct path, from leaf to root."""

    leaf: LeafNode
    nodes: tuple[PathNode, ...]

    def encode(self) -> bytes:
        """`UpdatePath`."""
        return self.leaf.encode() + vector(each.encode() for each in self.nodes)

    def keys(self) -> tuple[bytes, ...]:
        """Every new encryption key: the leaf's, then the nodes'."""
        return (self.leaf.encryption_key, *(each.encryption_key for each in self.nodes))

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`UpdatePath`."""
        return cls(LeafNode.read(reader), reader.vector(PathNode.read))


@dataclass(frozen=True, slots=True)
class Commit:
    """A change of the group."""

    proposals: tuple[Proposal | ProposalReference, ...]
    path: UpdatePath | None

    def encode(self) -> bytes:
        """`Commit`."""
        proposals = vector(encode_proposal_or_reference(each) for each in self.proposals)
        return proposals + optional(self.path.encode() if self.path else None)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`Commit`."""
        return cls(reader.vector(read_proposal_or_reference), reader.optional(UpdatePath.read))
