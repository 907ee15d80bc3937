from __future__ import annotations

import pytest

from sotto_server.edge.outbox import Outbox, TooSlow
from sotto_wire.limits import SEND_QUEUE_BYTES, SEND_QUEUE_FRAMES


class Peer:
    """A pipe that remembers its writes."""

    def __init__(self) -> None:
        self.writing_paused = False
        self.written: list[bytes] = []

    def write(self, octets: bytes) -> None:
        self.written.append(octets)


def test_all_of_one_turn_leaves_in_one_write() -> None:
    peer = Peer()
    outbox = Outbox(peer)
    outbox.put([b"a", b"b"])
    outbox.put([b"c"])
    outbox.flush()
    outbox.flush()
    assert peer.written == [b"\x82\x01a\x82\x01b\x82\x01c"]


def test_nothing_is_written_while_the_peer_does_not_read() -> None:
    peer = Peer()
    outbox = Outbox(peer)
    peer.writing_paused = True
    outbox.put([b"a"])
    outbox.flush()
    assert (peer.written, outbox.is_stuck) == ([], True)
    peer.writing_paused = False
    outbox.flush()
    assert (peer.written, outbox.is_stuck) == ([b"\x82\x01a"], False)


@pytest.mark.parametrize("payloads", [[b"x"] * (SEND_QUEUE_FRAMES + 1), [b"x" * SEND_QUEUE_BYTES]])
def test_a_reader_that_stopped_is_let_go_at_the_limit(payloads: list[bytes]) -> None:
    peer = Peer()
    peer.writing_paused = True
    with pytest.raises(TooSlow):
        Outbox(peer).put(payloads)
