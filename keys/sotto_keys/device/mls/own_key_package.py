"""Making key packages: a device's public offers, and the private keys that answer a Welcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from sotto_keys.device.mls.hpke import new_key_pair
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.signing import sign_with_label, signature_key_of
from sotto_keys.shared.mls.codec import Reader, opaque, read_whole
from sotto_keys.shared.mls.crypto_labels import CIPHER_SUITE, KEY_PACKAGE_TBS, LEAF_NODE_TBS
from sotto_keys.shared.mls.extensions import GROUP_TERMS, LAST_RESORT, Extension
from sotto_keys.shared.mls.key_package import KeyPackage
from sotto_keys.shared.mls.leaf_node import (
    BASIC,
    MLS10,
    Capabilities,
    LeafNode,
    LeafSource,
    Lifetime,
    basic_credential,
)

if TYPE_CHECKING:
    from sotto_keys.device.mls.hpke import Entropy

BACKDATED_S: Final = 24 * 3600
"""`ts-mls` checks an Add by the sender's own clock, which may be behind ours."""


@dataclass(frozen=True, slots=True)
class OwnKeyPackage:
    """A key package of this device with its two private keys."""

    public: KeyPackage
    init_key: SecretBytes
    encryption_key: SecretBytes

    def to_bytes(self) -> bytes:
        """For the device's sealed store; holds secrets."""
        return opaque(self.public.encode()) + opaque(self.init_key) + opaque(self.encryption_key)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """What `to_bytes` wrote; `Malformed`."""
        return read_whole(stored, cls._read)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        package = read_whole(reader.opaque(), KeyPackage.read)
        return cls(package, SecretBytes(reader.opaque()), SecretBytes(reader.opaque()))


def capabilities(*, last_resort: bool) -> Capabilities:
    """What our devices can do."""
    extensions = (LAST_RESORT, GROUP_TERMS) if last_resort else (GROUP_TERMS,)
    return Capabilities((MLS10,), (CIPHER_SUITE,), extensions, (), (BASIC,))


def create_key_package(
    signing_key: SecretBytes,
    identity: bytes,
    *,
    now: int,
    not_after: int,
    entropy: Entropy,
    last_resort: bool = False,
) -> OwnKeyPackage:
    """A fresh key package for a basic credential with these identity bytes.

    `signing_key` is the device's Ed25519 seed; `now` and `not_after` are Unix seconds. `last_resort`: may be used again.
    """
    init, encryption = new_key_pair(entropy), new_key_pair(entropy)
    leaf = LeafNode(
        encryption.public,
        signature_key_of(signing_key),
        basic_credential(identity),
        capabilities(last_resort=last_resort),
        LeafSource.KEY_PACKAGE,
        Lifetime(max(0, now - BACKDATED_S), not_after),
        b"",
        (),
        b"",
    )
    content = leaf.to_be_signed(group_id=b"", leaf_index=0)
    leaf = leaf.with_signature(sign_with_label(signing_key, LEAF_NODE_TBS, content))
    extensions = (Extension(LAST_RESORT, b""),) if last_resort else ()
    package = KeyPackage(MLS10, CIPHER_SUITE, init.public, leaf, extensions, b"")
    package = package.with_signature(sign_with_label(signing_key, KEY_PACKAGE_TBS, package.to_be_signed()))
    return OwnKeyPackage(package, init.private, encryption.private)
