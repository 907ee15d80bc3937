"""A member of a group as a value: its public half, its secrets, and what it can say of itself.

What changes it: `create_group`, `joining`, `committing`, `processing`, `application_messages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.device.mls.private_messages import MessageKeys
from sotto_keys.device.mls.signing import sign_with_label
from sotto_keys.shared.mls.crypto_labels import GROUP_INFO_TBS, HASH_BYTES
from sotto_keys.shared.mls.extensions import RATCHET_TREE, Extension
from sotto_keys.shared.mls.group_context import GroupInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sotto_keys.device.mls.key_schedule import EpochSecrets
    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_keys.device.mls.secret_tree import SecretTree
    from sotto_keys.shared.mls.public_group import PublicGroup


@dataclass(frozen=True, slots=True)
class Member:
    """One device in one group in one epoch. Every act returns the next value; keep that before anything is sent."""

    group: PublicGroup
    own_leaf: int
    signing_key: SecretBytes
    """Ed25519 seed."""
    node_keys: Mapping[int, SecretBytes]
    """Node number to X25519 private key: our leaf and the parents above it that we share."""
    secrets: EpochSecrets
    tree: SecretTree
    past: MessageKeys | None
    """The epoch before, for reading what was accepted in it."""

    @property
    def group_id(self) -> bytes:
        """The MLS group id."""
        return self.group.group_id

    @property
    def epoch(self) -> int:
        """The current epoch."""
        return self.group.epoch

    @property
    def epoch_authenticator(self) -> bytes:
        """32 bytes that all members of this epoch, and nobody else, agree on; conversation words come from it."""
        return self.secrets.epoch_authenticator

    def export(self, label: str, context: bytes, *, length: int = HASH_BYTES) -> SecretBytes:
        """`MLS-Exporter` (§8.5)."""
        return self.secrets.export(label, context, length=length)

    def message_keys(self) -> MessageKeys:
        """What seals and opens messages of this epoch."""
        signature_keys = {index: leaf.signature_key for index, leaf in self.group.roster()}
        return MessageKeys(self.group.context, signature_keys, self.secrets.sender_data, self.tree)

    def group_info(self) -> GroupInfo:
        """Our signed statement of the group with its tree, never with `external_pub`. `.to_message()` gives the bytes."""
        extensions = (Extension(RATCHET_TREE, self.group.tree.encode()),)
        info = GroupInfo(self.group.context, extensions, self.group.confirmation_tag, self.own_leaf, b"")
        return info.with_signature(sign_with_label(self.signing_key, GROUP_INFO_TBS, info.to_be_signed()))
