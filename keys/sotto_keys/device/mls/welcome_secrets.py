"""What a Welcome seals (RFC 9420 §12.4.3.1), and sealing it for the newcomers of a commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sotto_keys.device.mls.hpke import encrypt_with_label
from sotto_keys.device.mls.key_schedule import welcome_key
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.mls.codec import Reader, opaque, optional, vector
from sotto_keys.shared.mls.crypto_labels import CIPHER_SUITE
from sotto_keys.shared.mls.psk_id import PskId
from sotto_keys.shared.mls.welcome import SealedSecrets, Welcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_keys.device.mls.hpke import Entropy
    from sotto_keys.shared.mls.group_context import GroupInfo
    from sotto_keys.shared.mls.key_package import KeyPackage

LABEL = "Welcome"


@dataclass(frozen=True, slots=True)
class GroupSecrets:
    """What one newcomer is told."""

    joiner: SecretBytes
    path_secret: SecretBytes | None
    """Of the lowest node above both the newcomer and the committer."""
    psks: tuple[PskId, ...]

    def encode(self) -> bytes:
        """`GroupSecrets`; secret."""
        path = optional(None if self.path_secret is None else opaque(self.path_secret))
        return opaque(self.joiner) + path + vector(each.encode() for each in self.psks)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`GroupSecrets`."""
        joiner, path = SecretBytes(reader.opaque()), reader.optional(Reader.opaque)
        return cls(joiner, None if path is None else SecretBytes(path), reader.vector(PskId.read))


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is let in, with the path secret for it."""

    key_package: KeyPackage
    path_secret: SecretBytes | None


def create_welcome(
    info: GroupInfo, newcomers: Sequence[Newcomer], *, joiner: SecretBytes, psk_secret: SecretBytes, entropy: Entropy
) -> Welcome:
    """One Welcome for all newcomers of a commit."""
    sealed_info = welcome_key(joiner, psk_secret).seal(info.encode(), aad=b"")
    secrets = tuple(
        SealedSecrets(
            each.key_package.reference(),
            encrypt_with_label(
                each.key_package.init_key,
                LABEL,
                context=sealed_info,
                content=GroupSecrets(joiner, each.path_secret, ()).encode(),
                entropy=entropy,
            ),
        )
        for each in newcomers
    )
    return Welcome(CIPHER_SUITE, secrets, sealed_info)
