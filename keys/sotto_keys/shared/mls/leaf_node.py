"""The leaf of a ratchet tree (RFC 9420 §7.2): a device's keys, credential and abilities. Says nothing about the tree it hangs in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, Self

from sotto_keys.shared.mls.codec import (
    Reader,
    opaque,
    read_uint16,
    uint8,
    uint16,
    uint16_vector,
    uint32,
    uint64,
    vector,
)
from sotto_keys.shared.mls.crypto_labels import CIPHER_SUITE, LEAF_NODE_TBS, verify_with_label
from sotto_keys.shared.mls.extensions import SUPPORTED_BY_ALL, Extensions, encode_extensions, read_extensions
from sotto_keys.shared.untrusted import Lapsed, Malformed

MLS10: Final = 1
BASIC: Final = 1
X509: Final = 2


class LeafSource(IntEnum):
    """How the leaf came to be."""

    KEY_PACKAGE = 1
    UPDATE = 2
    COMMIT = 3


@dataclass(frozen=True, slots=True)
class Credential:
    """A basic credential's identity, or an X.509 chain that we carry and never accept."""

    kind: int
    identity: bytes
    """For kind `BASIC`."""
    chain: tuple[bytes, ...] = ()
    """For kind `X509`."""

    def encode(self) -> bytes:
        """`Credential`."""
        if self.kind == BASIC:
            return uint16(self.kind) + opaque(self.identity)
        return uint16(self.kind) + vector(opaque(each) for each in self.chain)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`Credential`; a type we do not know cannot be read past and is refused."""
        kind = reader.uint16()
        if kind == BASIC:
            return cls(kind, reader.opaque())
        if kind == X509:
            return cls(kind, b"", reader.vector(Reader.opaque))
        raise Malformed("a credential of unknown type")


def basic_credential(identity: bytes) -> Credential:
    """A basic credential."""
    return Credential(BASIC, identity)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a device says it can do (§7.2)."""

    versions: tuple[int, ...]
    cipher_suites: tuple[int, ...]
    extensions: tuple[int, ...]
    proposals: tuple[int, ...]
    credentials: tuple[int, ...]

    def encode(self) -> bytes:
        """`Capabilities`."""
        lists = (self.versions, self.cipher_suites, self.extensions, self.proposals, self.credentials)
        return b"".join(uint16_vector(each) for each in lists)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`Capabilities`."""
        versions, suites, extensions, proposals, credentials = (reader.vector(read_uint16) for _ in range(5))
        return cls(versions, suites, extensions, proposals, credentials)

    def speaks_our_suite(self) -> bool:
        """Whether MLS 1.0 and suite 0x0003 are listed."""
        return MLS10 in self.versions and CIPHER_SUITE in self.cipher_suites

    def supports_extension(self, kind: int) -> bool:
        """Whether this extension type is listed or needs no listing."""
        return kind in SUPPORTED_BY_ALL or kind in self.extensions


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Validity of a key package's leaf, in Unix seconds, both ends included."""

    not_before: int
    not_after: int

    def encode(self) -> bytes:
        """`Lifetime`."""
        return uint64(self.not_before) + uint64(self.not_after)

    def check(self, *, at: int) -> None:
        """Refuse with `Lapsed` when `at` (Unix seconds) is outside."""
        if not self.not_before <= at <= self.not_after:
            raise Lapsed("outside the lifetime of the leaf")


@dataclass(frozen=True, slots=True)
class LeafNode:
    """A leaf as it stands in a tree, a key package or an update path."""

    encryption_key: bytes
    signature_key: bytes
    credential: Credential
    capabilities: Capabilities
    source: LeafSource
    lifetime: Lifetime | None
    """For source `KEY_PACKAGE`."""
    parent_hash: bytes
    """For source `COMMIT`, else empty."""
    extensions: Extensions
    signature: bytes

    def _unsigned(self) -> bytes:
        return b"".join(
            (
                opaque(self.encryption_key),
                opaque(self.signature_key),
                self.credential.encode(),
                self.capabilities.encode(),
                uint8(self.source),
                self.lifetime.encode() if self.lifetime else b"",
                opaque(self.parent_hash) if self.source is LeafSource.COMMIT else b"",
                encode_extensions(self.extensions),
            )
        )

    def encode(self) -> bytes:
        """`LeafNode`."""
        return self._unsigned() + opaque(self.signature)

    def to_be_signed(self, *, group_id: bytes, leaf_index: int) -> bytes:
        """`LeafNodeTBS`; a key package's leaf is bound to no group, and both arguments are ignored."""
        if self.source is LeafSource.KEY_PACKAGE:
            return self._unsigned()
        return self._unsigned() + opaque(group_id) + uint32(leaf_index)

    def with_signature(self, signature: bytes) -> LeafNode:
        """The same leaf, signed."""
        return replace(self, signature=signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`LeafNode`."""
        keys = reader.opaque(), reader.opaque()
        credential, capabilities = Credential.read(reader), Capabilities.read(reader)
        source = _read_source(reader)
        lifetime = Lifetime(reader.uint64(), reader.uint64()) if source is LeafSource.KEY_PACKAGE else None
        parent_hash = reader.opaque() if source is LeafSource.COMMIT else b""
        extensions = read_extensions(reader)
        return cls(*keys, credential, capabilities, source, lifetime, parent_hash, extensions, reader.opaque())


def _read_source(reader: Reader) -> LeafSource:
    number = reader.uint8()
    try:
        return LeafSource(number)
    except ValueError:
        raise Malformed("a leaf from no known source") from None


def verify_leaf(leaf: LeafNode, *, group_id: bytes, leaf_index: int) -> None:
    """Check the leaf's own signature and that it lists its own extensions (§7.3). `BadSignature` or `Malformed`."""
    content = leaf.to_be_signed(group_id=group_id, leaf_index=leaf_index)
    verify_with_label(leaf.signature_key, LEAF_NODE_TBS, content=content, signature=leaf.signature)
    if not all(leaf.capabilities.supports_extension(each.kind) for each in leaf.extensions):
        raise Malformed("a leaf with an extension it does not list")
