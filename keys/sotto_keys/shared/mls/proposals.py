"""Proposals (RFC 9420 §12.1), by value and by reference. Which of them are allowed is judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from sotto_keys.shared.mls.codec import Reader, opaque, uint8, uint16, uint32
from sotto_keys.shared.mls.extensions import Extensions, encode_extensions, read_extensions
from sotto_keys.shared.mls.key_package import KeyPackage
from sotto_keys.shared.mls.leaf_node import LeafNode
from sotto_keys.shared.mls.psk_id import PskId
from sotto_keys.shared.untrusted import Malformed

BY_VALUE: Final = 1
BY_REFERENCE: Final = 2


@dataclass(frozen=True, slots=True)
class Add:
    """Let a device in."""

    key_package: KeyPackage

    def body(self) -> bytes:
        """`Add`."""
        return self.key_package.encode()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`Add`."""
        return cls(KeyPackage.read(reader))


@dataclass(frozen=True, slots=True)
class Update:
    """A member's own new leaf. Never accepted by Sotto's gate."""

    leaf: LeafNode

    def body(self) -> bytes:
        """`Update`."""
        return self.leaf.encode()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`Update`."""
        return cls(LeafNode.read(reader))


@dataclass(frozen=True, slots=True)
class Remove:
    """Put a member out."""

    leaf_index: int

    def body(self) -> bytes:
        """`Remove`."""
        return uint32(self.leaf_index)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`Remove`."""
        return cls(reader.uint32())


@dataclass(frozen=True, slots=True)
class PreSharedKey:
    """Mix in a key that members share already. Never accepted by Sotto's gate."""

    psk: PskId

    def body(self) -> bytes:
        """`PreSharedKey`."""
        return self.psk.encode()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`PreSharedKey`."""
        return cls(PskId.read(reader))


@dataclass(frozen=True, slots=True)
class ReInit:
    """End the group in favour of another. Never accepted by Sotto's gate."""

    group_id: bytes
    version: int
    cipher_suite: int
    extensions: Extensions

    def body(self) -> bytes:
        """`ReInit`."""
        return (
            opaque(self.group_id)
            + uint16(self.version)
            + uint16(self.cipher_suite)
            + encode_extensions(self.extensions)
        )

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`ReInit`."""
        return cls(reader.opaque(), reader.uint16(), reader.uint16(), read_extensions(reader))


@dataclass(frozen=True, slots=True)
class ExternalInit:
    """Join from outside. Never accepted by Sotto's gate."""

    kem_output: bytes

    def body(self) -> bytes:
        """`ExternalInit`."""
        return opaque(self.kem_output)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`ExternalInit`."""
        return cls(reader.opaque())


@dataclass(frozen=True, slots=True)
class GroupContextExtensions:
    """Replace all extensions of the group context."""

    extensions: Extensions

    def body(self) -> bytes:
        """`GroupContextExtensions`."""
        return encode_extensions(self.extensions)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`GroupContextExtensions`."""
        return cls(read_extensions(reader))


Proposal = Add | Update | Remove | PreSharedKey | ReInit | ExternalInit | GroupContextExtensions

KINDS: Final[dict[int, type[Proposal]]] = {
    1: Add,
    2: Update,
    3: Remove,
    4: PreSharedKey,
    5: ReInit,
    6: ExternalInit,
    7: GroupContextExtensions,
}
NUMBERS: Final = {kind: number for number, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class ProposalReference:
    """A proposal sent earlier, named by its hash."""

    reference: bytes


def encode_proposal(proposal: Proposal) -> bytes:
    """`Proposal`."""
    return uint16(NUMBERS[type(proposal)]) + proposal.body()


def read_proposal(reader: Reader) -> Proposal:
    """`Proposal`; a type we do not know cannot be read past and is refused."""
    kind = KINDS.get(reader.uint16())
    if kind is None:
        raise Malformed("a proposal of unknown type")
    return kind.read(reader)


def encode_proposal_or_reference(each: Proposal | ProposalReference) -> bytes:
    """`ProposalOrRef`."""
    if isinstance(each, ProposalReference):
        return uint8(BY_REFERENCE) + opaque(each.reference)
    return uint8(BY_VALUE) + encode_proposal(each)


def read_proposal_or_reference(reader: Reader) -> Proposal | ProposalReference:
    """`ProposalOrRef`."""
    form = reader.uint8()
    if form == BY_VALUE:
        return read_proposal(reader)
    if form == BY_REFERENCE:
        return ProposalReference(reader.opaque())
    raise Malformed("neither a proposal nor a reference")
