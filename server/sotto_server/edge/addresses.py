"""Where a connection comes from, as far as limits need to know. An address is counted in memory and written nowhere."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_server.config import Network

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_SITE_PREFIX: Final = 64
"""An IPv6 subscriber holds a /64: counting single addresses would count nothing."""


@dataclass(frozen=True, slots=True)
class Source:
    """The address to count by; `is_exempt` for loopback and for proxies, which carry everybody."""

    bucket: str
    is_exempt: bool

    def __repr__(self) -> str:
        return "‹address›"


def _parse(text: str) -> IPAddress | None:
    try:
        address = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _bucket(address: IPAddress) -> str:
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, _SITE_PREFIX), strict=False))


def source_of_peer(peer: str, trusted: Sequence[Network]) -> Source:
    """The source of a TCP connection before it has said anything. What is not an IP address is a local socket."""
    address = _parse(peer)
    if address is None:
        return Source("local", is_exempt=True)
    return Source(_bucket(address), is_exempt=address.is_loopback or any(address in each for each in trusted))


def source_of_request(peer: str, forwarded: Sequence[str], *, trusted: Sequence[Network]) -> Source:
    """The source of a request. `forwarded` is every `X-Forwarded-For` line in order.

    It is believed only behind a trusted proxy, and only as far as trusted proxies wrote it: the last hop that is not
    one of them. A forged first entry therefore counts for nothing.
    """
    address = _parse(peer)
    if address is None or not any(address in each for each in trusted):
        return source_of_peer(peer, ())
    hops = [hop for line in forwarded for hop in line.split(",")]
    for hop in reversed(hops):
        address = _parse(hop)
        if address is None or not any(address in each for each in trusted):
            break
    return Source("unknown" if address is None else _bucket(address), is_exempt=False)
