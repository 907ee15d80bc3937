"""From one epoch's init secret to the next epoch's keys (RFC 9420 §8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.device.mls.aead import KEY_BYTES, NONCE_BYTES, MessageKey
from sotto_keys.device.mls.kdf import derive_secret, expand_with_label, extract, tag
from sotto_keys.shared.mls.crypto_labels import HASH_BYTES, hash_of

if TYPE_CHECKING:
    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_keys.shared.mls.group_context import GroupContext


@dataclass(frozen=True, slots=True)
class EpochSecrets:
    """What a member keeps of an epoch; the encryption secret went into the secret tree."""

    sender_data: SecretBytes
    exporter: SecretBytes
    external: SecretBytes
    confirmation_key: SecretBytes
    membership_key: SecretBytes
    resumption_psk: SecretBytes
    epoch_authenticator: SecretBytes
    init: SecretBytes

    def confirmation_tag(self, confirmed_transcript_hash: bytes) -> bytes:
        """The tag by which the members of an epoch know that they agree."""
        return tag(self.confirmation_key, confirmed_transcript_hash)

    def export(self, label: str, context: bytes, *, length: int = HASH_BYTES) -> SecretBytes:
        """`MLS-Exporter` (§8.5)."""
        secret = derive_secret(self.exporter, label)
        return expand_with_label(secret, "exported", context=hash_of(context), length=length)


@dataclass(frozen=True, slots=True)
class Epoch:
    """The beginning of an epoch: its lasting secrets, and the one that the secret tree grows from."""

    secrets: EpochSecrets
    encryption: SecretBytes


def joiner_secret(init: SecretBytes, commit_secret: SecretBytes, *, context: GroupContext) -> SecretBytes:
    """The secret that newcomers are given; `context` is that of the new epoch."""
    return expand_with_label(extract(init, commit_secret), "joiner", context=context.encode())


def _member_secret(joiner: SecretBytes, psk_secret: SecretBytes) -> SecretBytes:
    return extract(joiner, psk_secret)


def welcome_secret(joiner: SecretBytes, psk_secret: SecretBytes) -> SecretBytes:
    """The secret that the GroupInfo in a Welcome is sealed with."""
    return derive_secret(_member_secret(joiner, psk_secret), "welcome")


def welcome_key(joiner: SecretBytes, psk_secret: SecretBytes) -> MessageKey:
    """Key and nonce of the GroupInfo in a Welcome (§12.4.3.1)."""
    secret = welcome_secret(joiner, psk_secret)
    key = expand_with_label(secret, "key", length=KEY_BYTES)
    return MessageKey(key, expand_with_label(secret, "nonce", length=NONCE_BYTES))


def epoch_after(joiner: SecretBytes, psk_secret: SecretBytes, *, context: GroupContext) -> Epoch:
    """The epoch of a joiner secret."""
    return epoch_of(expand_with_label(_member_secret(joiner, psk_secret), "epoch", context=context.encode()))


def epoch_of(epoch_secret: SecretBytes) -> Epoch:
    """The epoch of an epoch secret: for a new group it is random, later it comes from the joiner secret."""
    labels = (
        "sender data",
        "exporter",
        "external",
        "confirm",
        "membership",
        "resumption",
        "authentication",
        "init",
    )
    secrets = EpochSecrets(*(derive_secret(epoch_secret, label) for label in labels))
    return Epoch(secrets, derive_secret(epoch_secret, "encryption"))
