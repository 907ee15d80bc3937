"""Who is in a group and whether the organisation still stands by each: the sweep over all leaves, which no MLS library does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.credential import open_credential
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.untrusted import Inconsistent, Untrusted
from sotto_wire.ids import DeviceKey, Millis

if TYPE_CHECKING:
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.mls.leaf_node import LeafNode
    from sotto_keys.shared.mls.public_group import PublicGroup
    from sotto_keys.shared.trust_chain import TrustState


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who can read now."""

    index: int
    """Leaf number."""
    device: DeviceKey
    credential: Credential | None
    """None for the customer, and for a leaf whose credential nobody signed."""
    is_customer: bool
    in_force: bool
    """False: revoked, run out, or signed by a key that no longer counts. Encrypt nothing until it is removed."""


def readers(group: PublicGroup, trust: TrustState, *, customer_key: bytes, at: Millis) -> tuple[Reader, ...]:
    """Everybody in the group, by leaf number, judged at `at` (rule: before each send, and whenever trust changes)."""
    return tuple(_reader(index, leaf, trust, customer_key=customer_key, at=at) for index, leaf in group.roster())


def is_void(leaf: LeafNode, trust: TrustState, *, at: Millis) -> bool:
    """Whether the organisation does not, or no longer, stand by an agent's leaf at `at`."""
    try:
        trust.judge_credential(leaf.credential.identity, at=at, leaf_key=leaf.signature_key)
    except Untrusted:
        return True
    return False


def vouched(leaf: LeafNode, trust: TrustState) -> Credential:
    """The credential in an agent's leaf, signed for this very leaf, though it may have run out or been revoked since.

    `Malformed`, `BadSignature` or `Inconsistent` otherwise.
    """
    credential = open_credential(parse_envelope(leaf.credential.identity), trust.newest_root)
    if credential.org != trust.org or credential.device_key != leaf.signature_key:
        raise Inconsistent("a credential of another organisation or leaf")
    return credential


def _reader(index: int, leaf: LeafNode, trust: TrustState, *, customer_key: bytes, at: Millis) -> Reader:
    device = DeviceKey(leaf.signature_key)
    if leaf.signature_key == customer_key:
        return Reader(index=index, device=device, credential=None, is_customer=True, in_force=True)
    try:
        credential = vouched(leaf, trust)
    except Untrusted:
        return Reader(index=index, device=device, credential=None, is_customer=False, in_force=False)
    in_force = not is_void(leaf, trust, at=at)
    return Reader(index=index, device=device, credential=credential, is_customer=False, in_force=in_force)
