"""Pre-shared keys in the key schedule (RFC 9420 §8.4). Sotto's gate refuses them; the official vectors use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.device.mls.kdf import ZERO, expand_with_label, extract
from sotto_keys.shared.mls.codec import uint16
from sotto_keys.shared.untrusted import Inconsistent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_keys.shared.mls.psk_id import ExternalPsk, PskId, ResumptionPsk

    Psks = Mapping[ExternalPsk | ResumptionPsk, SecretBytes]


def psk_secret(ids: Sequence[PskId], psks: Psks) -> SecretBytes:
    """The `psk_secret` of these keys in this order; all zero without any. `Inconsistent` when we lack one."""
    secret = ZERO
    for index, each in enumerate(ids):
        psk = psks.get(each.source)
        if psk is None:
            raise Inconsistent("a pre-shared key that we do not have")
        label = each.encode() + uint16(index) + uint16(len(ids))
        secret = extract(expand_with_label(extract(ZERO, psk), "derived psk", context=label), secret)
    return secret
