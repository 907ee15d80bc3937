from __future__ import annotations

import ipaddress

import pytest

from sotto_server.edge.addresses import Source, source_of_peer, source_of_request
from sotto_server.edge.crowd import Crowd

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("127.0.0.0/8"))


@pytest.mark.parametrize(
    ("peer", "bucket", "is_exempt"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::/64", True),
        ("203.0.113.9", "203.0.113.9", False),
        ("::ffff:203.0.113.9", "203.0.113.9", False),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", False),
        ("10.1.1.1", "10.1.1.1", True),
        ("", "local", True),
    ],
)
def test_a_connection_is_counted_by_its_address_or_its_64(peer: str, bucket: str, *, is_exempt: bool) -> None:
    assert source_of_peer(peer, PROXIES[:1]) == Source(bucket, is_exempt=is_exempt)


@pytest.mark.parametrize(
    ("peer", "forwarded", "bucket", "is_exempt"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9", False),
        ("10.0.0.2", ["198.51.100.1"], "198.51.100.1", False),
        ("10.0.0.2", ["192.0.2.7, 198.51.100.1", "10.0.0.3"], "198.51.100.1", False),
        ("10.0.0.2", ["127.0.0.1"], "127.0.0.1", False),
        ("10.0.0.2", ["198.51.100.1, nonsense"], "unknown", False),
        ("10.0.0.2", [], "10.0.0.2", False),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(
    peer: str, forwarded: list[str], bucket: str, *, is_exempt: bool
) -> None:
    assert source_of_request(peer, forwarded, trusted=PROXIES) == Source(bucket, is_exempt=is_exempt)


def test_without_a_proxy_loopback_stays_exempt() -> None:
    assert source_of_request("127.0.0.1", ["198.51.100.1"], trusted=()).is_exempt


def test_an_address_does_not_print_itself() -> None:
    assert "203" not in repr(Source("203.0.113.9", is_exempt=False))


def test_one_address_has_its_share_of_the_crowd_and_the_crowd_its_limit() -> None:
    crowd = Crowd(most=4, most_per_address=2)
    one, other = Source("a", is_exempt=False), Source("b", is_exempt=False)
    places = [crowd.enter(one), crowd.enter(one)]
    assert crowd.enter(one) is None
    assert crowd.enter(other)
    assert crowd.enter(other)
    assert crowd.enter(Source("c", is_exempt=True)) is None
    assert places[0] is not None
    places[0].leave()
    places[0].leave()
    assert crowd.total == 3
    assert crowd.enter(one) is not None


def test_loopback_is_counted_only_in_all() -> None:
    crowd = Crowd(most=3, most_per_address=1)
    local = Source("127.0.0.1", is_exempt=True)
    assert [crowd.enter(local) is not None for _ in range(4)] == [True, True, True, False]
