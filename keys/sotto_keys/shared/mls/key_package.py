"""Key packages (RFC 9420 §10): reading one, and checking everything about it that needs no opinion on its credential."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

from sotto_keys.shared.mls.codec import Reader, opaque, read_whole, uint16
from sotto_keys.shared.mls.crypto_labels import (
    CIPHER_SUITE,
    KEY_BYTES,
    KEY_PACKAGE_REF,
    KEY_PACKAGE_TBS,
    ref_hash,
    verify_with_label,
)
from sotto_keys.shared.mls.extensions import (
    GROUP_TERMS,
    LAST_RESORT,
    Extensions,
    encode_extensions,
    find_extension,
    read_extensions,
)
from sotto_keys.shared.mls.leaf_node import BASIC, MLS10, LeafNode, LeafSource, verify_leaf
from sotto_keys.shared.untrusted import Malformed

WIRE_FORMAT: Final = 5
"""`mls_key_package` in an MLSMessage."""


@dataclass(frozen=True, slots=True)
class KeyPackage:
    """A device's public offer to be added to one group."""

    version: int
    cipher_suite: int
    init_key: bytes
    leaf: LeafNode
    extensions: Extensions
    signature: bytes

    def to_be_signed(self) -> bytes:
        """`KeyPackageTBS`."""
        head = uint16(self.version) + uint16(self.cipher_suite) + opaque(self.init_key)
        return head + self.leaf.encode() + encode_extensions(self.extensions)

    def encode(self) -> bytes:
        """`KeyPackage`."""
        return self.to_be_signed() + opaque(self.signature)

    def to_message(self) -> bytes:
        """The MLSMessage that carries it: what travels and what the directory keeps."""
        return uint16(MLS10) + uint16(WIRE_FORMAT) + self.encode()

    def reference(self) -> bytes:
        """`KeyPackageRef`, 32 bytes (§5.2)."""
        return ref_hash(KEY_PACKAGE_REF, self.encode())

    def with_signature(self, signature: bytes) -> KeyPackage:
        """The same package, signed."""
        return replace(self, signature=signature)

    @property
    def is_last_resort(self) -> bool:
        """Whether it may be used more than once."""
        return find_extension(self.extensions, LAST_RESORT) is not None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`KeyPackage`."""
        version, suite, init_key = reader.uint16(), reader.uint16(), reader.opaque()
        if version != MLS10:
            raise Malformed("a key package of another version of MLS")
        leaf = LeafNode.read(reader)
        return cls(version, suite, init_key, leaf, read_extensions(reader), reader.opaque())


def read_key_package_message(reader: Reader) -> KeyPackage:
    """MLSMessage with a key package."""
    if (reader.uint16(), reader.uint16()) != (MLS10, WIRE_FORMAT):
        raise Malformed("not an MLSMessage with a key package")
    return KeyPackage.read(reader)


def parse_key_package(message: bytes) -> KeyPackage:
    """A key package out of its MLSMessage, unverified; refuses with `Malformed`."""
    return read_whole(message, read_key_package_message)


def verify_signatures(package: KeyPackage) -> None:
    """§10.1 without time: suite, shape of the keys, both signatures. `Malformed` or `BadSignature`."""
    leaf = package.leaf
    if (package.version, package.cipher_suite) != (MLS10, CIPHER_SUITE) or not leaf.capabilities.speaks_our_suite():
        raise Malformed("a key package of another suite")
    if leaf.source is not LeafSource.KEY_PACKAGE or leaf.encryption_key == package.init_key:
        raise Malformed("a leaf that does not belong in a key package")
    if len(package.init_key) != KEY_BYTES or len(leaf.encryption_key) != KEY_BYTES:
        raise Malformed("a key of the wrong length")
    if not all(leaf.capabilities.supports_extension(each.kind) for each in package.extensions):
        raise Malformed("a key package with an extension its leaf does not list")
    verify_leaf(leaf, group_id=b"", leaf_index=0)
    content = package.to_be_signed()
    verify_with_label(leaf.signature_key, KEY_PACKAGE_TBS, content=content, signature=package.signature)


def verify_key_package(package: KeyPackage, *, at: int) -> None:
    """All of §10.1 and Sotto's own demands: alive at `at` (Unix seconds), basic credential, knows the group terms.

    Refuses with `Malformed`, `BadSignature` or `Lapsed`. Whether the credential is one of ours is not asked here.
    """
    verify_signatures(package)
    leaf = package.leaf
    assert leaf.lifetime is not None, "a leaf with this source was read with its lifetime"
    leaf.lifetime.check(at=at)
    capabilities = leaf.capabilities
    if (
        leaf.credential.kind != BASIC
        or BASIC not in capabilities.credentials
        or GROUP_TERMS not in capabilities.extensions
    ):
        raise Malformed("a key package that cannot be a member of our groups")
