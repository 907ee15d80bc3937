from __future__ import annotations

import pytest

from sotto_keys.shared.mls.codec import opaque, read_whole, uint8, uint64
from sotto_keys.shared.mls.psk_id import ExternalPsk, PskId, ResumptionPsk
from sotto_keys.shared.untrusted import Malformed


@pytest.mark.parametrize("source", [ExternalPsk(b"id"), ResumptionPsk(1, b"group", 7)])
def test_the_name_of_a_pre_shared_key_is_read_back(source: ExternalPsk | ResumptionPsk) -> None:
    named = PskId(source, bytes(32))
    assert read_whole(named.encode(), PskId.read) == named


@pytest.mark.parametrize(
    "encoded",
    [uint8(3) + opaque(b"id") + opaque(b""), uint8(2) + uint8(4) + opaque(b"group") + uint64(7) + opaque(b"")],
    ids=["unknown type", "unknown use"],
)
def test_the_name_of_an_unknown_kind_of_key_is_refused(encoded: bytes) -> None:
    with pytest.raises(Malformed):
        read_whole(encoded, PskId.read)
