"""The fixed header of an application message."""

from __future__ import annotations

import pytest
from tests.support.relay_people import OTHER_TALK, TALK, ciphertext

from sotto_server.domain.mailbox import HEADER_BYTES, check_message_header
from sotto_wire.refusals import BadFrame


def check(message: bytes) -> None:
    check_message_header(message, TALK, group=1, epoch=1)


def test_a_message_of_this_group_and_epoch_passes() -> None:
    check(ciphertext())


@pytest.mark.parametrize(
    "message",
    [
        ciphertext(OTHER_TALK),
        ciphertext(group=2),
        ciphertext(epoch=2),
        ciphertext(inside=b""),
        b"",
        ciphertext()[:20],
    ],
)
def test_a_message_of_another_place_or_without_content_is_refused(message: bytes) -> None:
    with pytest.raises(BadFrame):
        check(message)


@pytest.mark.parametrize("place", range(HEADER_BYTES))
def test_no_byte_of_the_header_may_differ(place: int) -> None:
    octets = bytearray(ciphertext())
    octets[place] ^= 1
    with pytest.raises(BadFrame):
        check(bytes(octets))
