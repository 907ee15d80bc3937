"""Earlier messages for one newcomer: sealed to its leaf of this epoch, and opened there. Who else gets them cannot read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_keys.device.mls.aead import KEY_BYTES, NONCE_BYTES, MessageKey
from sotto_keys.device.mls.hpke import key_pair, open_sealed, seal
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.payload import Earlier, Line, Shared
from sotto_keys.shared.mls.codec import uint32, uint64
from sotto_keys.shared.mls.commit import HpkeCiphertext
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.limits import SHARED_BYTES, SHARED_MESSAGES
from sotto_wire.refusals import BadFrame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_keys.device.mls.hpke import Entropy, KeyPair
    from sotto_keys.device.mls.member import Member

LABEL: Final = b"sotto earlier messages 1"
_ONCE: Final = SecretBytes(NONCE_BYTES)
"""The key is fresh for every blob, so its nonce is zero."""


def newest_that_fit(lines: Sequence[Line]) -> Earlier:
    """The newest of these, as many as one application message holds, and how many older ones are left out."""
    size = len(encode_claims(Earlier(left_out=2**32, lines=[])))
    kept: list[Line] = []
    for line in reversed(lines[-SHARED_MESSAGES:]):
        size += len(encode_claims(line))
        # Two bytes more than an empty list needs to say how long it is.
        if size + 2 > SHARED_BYTES:
            break
        kept.insert(0, line)
    return Earlier(left_out=len(lines) - len(kept), lines=kept)


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is opened: what was sealed for one place is of no use in another (T23)."""

    group_id: bytes
    epoch: int
    leaf: int

    @property
    def info(self) -> bytes:
        """Label, group id, epoch and leaf."""
        return LABEL + self.group_id + uint64(self.epoch) + uint32(self.leaf)


def seal_earlier(member: Member, earlier: Earlier, *, device: bytes, entropy: Entropy) -> Shared:
    """For this device in the member's current epoch. `Inconsistent` where it is not in the group."""
    group = member.group
    index = group.find(device)
    leaf = None if index is None else group.leaf(index)
    if index is None or leaf is None:
        raise Inconsistent("nobody to share with")
    info = Place(member.group_id, member.epoch, index).info
    key = SecretBytes(entropy(KEY_BYTES))
    sealed = seal(leaf.encryption_key, key, info=info, entropy=entropy)
    blob = MessageKey(key, _ONCE).seal(encode_claims(earlier), aad=info)
    return Shared(device=device, kem_output=sealed.kem_output, sealed_key=sealed.ciphertext, blob=blob)


def open_earlier(member: Member, shared: Shared) -> Earlier:
    """What was shared with us in the current epoch. `Unreadable` or `Malformed` where it was not sealed for us here and now."""
    own = key_pair(member.node_keys[2 * member.own_leaf])
    return open_at(Place(member.group_id, member.epoch, member.own_leaf), own, shared=shared)


def open_at(place: Place, own: KeyPair, *, shared: Shared) -> Earlier:
    """What was sealed to this leaf key for this place; `Unreadable` or `Malformed`."""
    key = open_sealed(own, HpkeCiphertext(shared.kem_output, shared.sealed_key), info=place.info)
    try:
        return decode_claims(MessageKey(key, _ONCE).open(shared.blob, aad=place.info), Earlier)
    except BadFrame:
        raise Malformed("earlier messages") from None
