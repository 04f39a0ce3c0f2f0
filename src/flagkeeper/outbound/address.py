"""Which network addresses this server speaks to: public ones, and those that its settings allow. Pure.

The tables follow IANA's registries of special-purpose addresses. Python's own `is_global` is not used: what it says
has changed between releases.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import msgspec

from flagkeeper.outbound.errors import Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

Table = dict[str, tuple[str, ...]]

PRIVATE: Table = {
    "a loopback address": ("127.0.0.0/8", "::1/128"),
    "a private address": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    "a carrier's private address": ("100.64.0.0/10",),
}
"""What `UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION` opens."""

METADATA: Table = {
    "the metadata service of a cloud": (
        *("169.254.169.254/32", "169.254.170.2/32", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32"),
        *("fd00:ec2::254/128", "fd20:ce::254/128"),
    ),
}
"""Checked first, for some of them look private or public. Only the allow-list opens them."""

NEVER_PUBLIC: Table = {
    "an unspecified address": ("0.0.0.0/8", "::/128"),
    "a link-local address": ("169.254.0.0/16", "fe80::/10"),
    "a multicast address": ("224.0.0.0/4", "ff00::/8"),
    "an address for documentation": (
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
    ),
    "an address for benchmarks": ("198.18.0.0/15",),
    "a reserved address": ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4", "2001::/23"),
    "an address of a tunnel": ("2002::/16", "::/96", "64:ff9b:1::/48"),
}
"""IPv6 reserves everything outside of 2000::/3 besides. 2001::/23 holds Teredo, 2002::/16 is 6to4, ::/96 wraps IPv4."""

_NAME = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_IPV6_PUBLIC = IPv6Network("2000::/3")
_WRAPPED = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""IPv6 addresses that stand for an IPv4 address, which is what counts: mapped ones, and those of NAT64."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What this server's settings allow besides public addresses."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    """Names in lower case; one that begins with a dot stands for every name that ends so."""
    allow_private: bool = False

    def allows_host(self, host: str) -> bool:
        """Whether the address that a name leads to is allowed."""
        parts = host.split(".")
        return host in self.hosts or any("." + ".".join(parts[i:]) in self.hosts for i in range(1, len(parts)))

    def check(self, address: Address) -> None:
        """Raises `Refused` for an address that this server does not speak to."""
        meant = _unwrapped(address)
        if any(meant in network for network in self.networks if network.version == meant.version):
            return
        if reason := _reason(meant, allow_private=self.allow_private):
            raise Refused(f"this is {reason}, to which integrations may not be sent")


def read_policy(items: tuple[str, ...], *, allow_private: bool = False) -> Policy:
    """The policy of an allow-list, whose items are networks (`10.1.0.0/16`), addresses, names (`hooks.corp.example`) or
    endings of names (`*.corp.example`).

    Raises:
        ValueError: an item is none of these.
    """
    networks: list[Network] = []
    hosts: set[str] = set()
    for item in items:
        name = item.lower().removeprefix("*").rstrip(".")
        if network := _network(item):
            networks.append(network)
        elif (
            name.strip(".")
            and name.isascii()
            and all(part.replace("-", "a").isalnum() for part in name.strip(".").split("."))
        ):
            hosts.add(name)
        else:
            raise ValueError(f"{item!r} is no network, address or host name")
    return Policy(networks=tuple(networks), hosts=frozenset(hosts), allow_private=allow_private)


def _network(item: str) -> Network | None:
    try:
        return ip_network(item.strip("[]"), strict=False)
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address:
    if isinstance(address, IPv6Address) and any(address in network for network in _WRAPPED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _compiled(table: Table) -> list[tuple[Network, str]]:
    return [(ip_network(network), reason) for reason, networks in table.items() for network in networks]


_METADATA, _PRIVATE, _NEVER = (_compiled(table) for table in (METADATA, PRIVATE, NEVER_PUBLIC))


def _reason(address: Address, *, allow_private: bool) -> str:
    """Why an address is refused; empty when it is not."""
    for table, refused in ((_METADATA, True), (_PRIVATE, not allow_private), (_NEVER, True)):
        for network, reason in table:
            if address.version == network.version and address in network:
                return reason if refused else ""
    if isinstance(address, IPv6Address) and address not in _IPV6_PUBLIC:
        return "a reserved address"
    return ""
