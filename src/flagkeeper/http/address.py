"""Addresses of clients, as sockets and proxies write them."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

LONGEST = 200
"""Characters that an address has at most, port and zone included. The last few thousand are remembered: clients call
again."""

_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::[0-9]*)?")
_WITH_PORT = re.compile(r"([^:]*):[0-9]*")


@lru_cache(maxsize=4_096)
def _read(host: str) -> IPv4Address | IPv6Address | None:
    if match := _IN_BRACKETS.fullmatch(host) or _WITH_PORT.fullmatch(host):
        host = match[1]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, without a port (`192.0.2.1:4711`, `[2001:db8::1]:4711`) or a zone (`fe80::1%eth0`). An IPv4 address
    that a socket for both kinds shows as IPv6 is what it is. None: it is no address."""
    host = text.strip()
    return _read(host) if len(host) <= LONGEST else None


@lru_cache(maxsize=4_096)
def shown_address(text: str) -> str:
    """The same, as it is recorded; empty when it is no address."""
    address = read_address(text)
    return "" if address is None else str(address)
