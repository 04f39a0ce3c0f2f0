"""Addresses of clients, as sockets and proxies write them."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::[0-9]*)?")
_WITH_PORT = re.compile(r"([^:]*):[0-9]*")


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, without a port (`192.0.2.1:4711`, `[2001:db8::1]:4711`) or a zone (`fe80::1%eth0`). An IPv4 address
    that a socket for both kinds shows as IPv6 is what it is. None: it is no address."""
    host = text.strip()
    if match := _IN_BRACKETS.fullmatch(host) or _WITH_PORT.fullmatch(host):
        host = match[1]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
