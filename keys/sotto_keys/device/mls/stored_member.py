"""A member, or its pending commit, as bytes and back, for a store that the caller seals: every secret of the group is in them.

Damage is refused with `Malformed` or `Inconsistent`; whoever can write the store is trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_keys.device.mls.aead import MessageKey
from sotto_keys.device.mls.committing import PendingCommit
from sotto_keys.device.mls.key_schedule import EpochSecrets
from sotto_keys.device.mls.member import Member
from sotto_keys.device.mls.private_messages import MessageKeys
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.secret_tree import Ratchet, SecretTree, Use
from sotto_keys.shared.mls.codec import Reader, opaque, optional, read_whole, uint8, uint32, vector
from sotto_keys.shared.mls.group_context import GroupContext
from sotto_keys.shared.mls.public_group import PublicGroup
from sotto_keys.shared.untrusted import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM: Final = 1
USES: Final = (Use.HANDSHAKE, Use.APPLICATION)


def member_to_bytes(member: Member) -> bytes:
    """For storage, sealed by the caller."""
    return b"".join(
        (
            uint8(FORM),
            opaque(member.group.to_bytes()),
            uint32(member.own_leaf),
            opaque(member.signing_key),
            _node_keys(member.node_keys),
            _secrets(member.secrets),
            _secret_tree(member.tree),
            optional(None if member.past is None else _message_keys(member.past)),
        )
    )


def member_from_bytes(stored: bytes) -> Member:
    """What `member_to_bytes` wrote."""
    return read_whole(stored, _read_member)


def pending_to_bytes(pending: PendingCommit) -> bytes:
    """For storage, sealed by the caller."""
    return b"".join(
        (
            uint8(FORM),
            opaque(pending.message),
            optional(None if pending.welcome is None else opaque(pending.welcome)),
            opaque(pending.before),
            opaque(pending.group.to_bytes()),
            _node_keys(pending.node_keys),
            _secrets(pending.secrets),
            _secret_tree(pending.tree),
        )
    )


def pending_from_bytes(stored: bytes) -> PendingCommit:
    """What `pending_to_bytes` wrote."""
    return read_whole(stored, _read_pending)


def _node_keys(keys: Mapping[int, bytes]) -> bytes:
    return vector(uint32(node) + opaque(key) for node, key in keys.items())


def _secrets(secrets: EpochSecrets) -> bytes:
    values = (
        secrets.sender_data,
        secrets.exporter,
        secrets.external,
        secrets.confirmation_key,
        secrets.membership_key,
        secrets.resumption_psk,
        secrets.epoch_authenticator,
        secrets.init,
    )
    return b"".join(opaque(each) for each in values)


def _secret_tree(tree: SecretTree) -> bytes:
    ratchets = (
        uint32(leaf) + uint8(USES.index(use)) + _ratchet(ratchet) for (leaf, use), ratchet in tree.ratchets.items()
    )
    return uint32(tree.width) + _node_keys(tree.nodes) + vector(ratchets)


def _ratchet(ratchet: Ratchet) -> bytes:
    skipped = (uint32(number) + opaque(key.key) + opaque(key.nonce) for number, key in ratchet.skipped)
    return opaque(ratchet.secret) + uint32(ratchet.generation) + vector(skipped)


def _message_keys(keys: MessageKeys) -> bytes:
    return (
        opaque(keys.context.encode())
        + _node_keys(keys.signature_keys)
        + opaque(keys.sender_data)
        + _secret_tree(keys.tree)
    )


def _check_form(reader: Reader) -> None:
    if reader.uint8() != FORM:
        raise Malformed("a stored member of another form")


def _read_member(reader: Reader) -> Member:
    _check_form(reader)
    group = PublicGroup.from_bytes(reader.opaque())
    head = group, reader.uint32(), _read_secret(reader), _read_node_keys(reader), _read_secrets(reader)
    return Member(*head, _read_secret_tree(reader), reader.optional(_read_message_keys))


def _read_pending(reader: Reader) -> PendingCommit:
    _check_form(reader)
    message, welcome, before = reader.opaque(), reader.optional(Reader.opaque), reader.opaque()
    group = PublicGroup.from_bytes(reader.opaque())
    keys, secrets = _read_node_keys(reader), _read_secrets(reader)
    return PendingCommit(message, welcome, before, group, keys, secrets, _read_secret_tree(reader))


def _read_secret(reader: Reader) -> SecretBytes:
    return SecretBytes(reader.opaque())


def _read_node_key(reader: Reader) -> tuple[int, SecretBytes]:
    return reader.uint32(), _read_secret(reader)


def _read_node_keys(reader: Reader) -> dict[int, SecretBytes]:
    return dict(reader.vector(_read_node_key))


def _read_secrets(reader: Reader) -> EpochSecrets:
    return EpochSecrets(*(_read_secret(reader) for _ in range(8)))


def _read_secret_tree(reader: Reader) -> SecretTree:
    return SecretTree(reader.uint32(), _read_node_keys(reader), dict(reader.vector(_read_ratchet)))


def _read_ratchet(reader: Reader) -> tuple[tuple[int, Use], Ratchet]:
    leaf, use = reader.uint32(), reader.uint8()
    if use >= len(USES):
        raise Malformed("a ratchet of unknown use")
    ratchet = Ratchet(_read_secret(reader), reader.uint32(), reader.vector(_read_skipped))
    return (leaf, USES[use]), ratchet


def _read_skipped(reader: Reader) -> tuple[int, MessageKey]:
    return reader.uint32(), MessageKey(_read_secret(reader), _read_secret(reader))


def _read_message_keys(reader: Reader) -> MessageKeys:
    context = read_whole(reader.opaque(), GroupContext.read)
    signature_keys = {leaf: bytes(key) for leaf, key in _read_node_keys(reader).items()}
    return MessageKeys(context, signature_keys, _read_secret(reader), _read_secret_tree(reader))
