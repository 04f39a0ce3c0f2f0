"""Where a request comes from, and what people typed to reach us: the one reader of what proxies say of that.

Anybody can send such headers. They count only as far as trusted proxies wrote them: from the end, where the one that is
connected to us wrote, up to the first hop that is none of ours.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

import msgspec

from flagkeeper.http.address import read_address, shown_address

_HOST = re.compile(r"(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")

Scope = Mapping[str, Any]


class Origin(msgspec.Struct, frozen=True):
    """Where a request comes from, as far as it is known."""

    address: IPv4Address | IPv6Address | None
    scheme: str | None = None
    """`http` or `https`, if a trusted proxy says so."""
    host: str | None = None
    """What people reach the server by, with a port if it has one, if a trusted proxy says so."""

    @property
    def ip(self) -> str:
        """The address as it is recorded; empty when there is none."""
        return "" if self.address is None else str(self.address)

    @property
    def url(self) -> str | None:
        """The beginning of what people typed."""
        return f"{self.scheme or 'http'}://{self.host}" if self.host else None


class Proxies(msgspec.Struct, frozen=True):
    """Those that are trusted, and the header in which they say who calls."""

    trusted: Sequence[IPv4Network | IPv6Network] = ()
    header: str = "x-forwarded-for"
    """`x-forwarded-for`, `forwarded` or `x-real-ip`. The others could be the client's own."""

    def origin(self, scope: Scope) -> Origin:
        peer = scope.get("client")
        address = read_address(peer[0]) if peer else None
        if not self._trusts(address):
            return Origin(address)
        if self.header == "forwarded":
            return self._forwarded(address, _elements(scope))
        hops = _values(scope, self.header.encode())
        if self.header == "x-real-ip":
            hops = hops[-1:]
        passed = 0
        while hops and self._trusts(address):
            hop = read_address(hops.pop())
            if hop is None:
                break
            address, passed = hop, passed + 1
        scheme = _nth_last(_values(scope, b"x-forwarded-proto"), passed)
        host = _nth_last(_values(scope, b"x-forwarded-host"), passed)
        return _origin(address, scheme, host, scope)

    def ip(self, scope: Scope) -> str:
        """Where a request comes from, as it is recorded; empty when that is not known."""
        if self.trusted:
            return self.origin(scope).ip
        peer = scope.get("client")
        return shown_address(peer[0]) if peer else ""

    def _forwarded(self, address: IPv4Address | IPv6Address | None, elements: list[Mapping[str, str]]) -> Origin:
        said: Mapping[str, str] = {}
        while elements and self._trusts(address):
            said = elements.pop()
            hop = read_address(said.get("for", ""))
            if hop is None:
                break
            address = hop
        return _origin(address, said.get("proto"), said.get("host"), None)

    def _trusts(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self.trusted)


def _origin(
    address: IPv4Address | IPv6Address | None, scheme: str | None, host: str | None, scope: Scope | None
) -> Origin:
    scheme = scheme.lower() if scheme and scheme.lower() in ("http", "https") else None
    if host is None and scheme is not None and scope is not None:
        host = _nth_last(_values(scope, b"host"), 1)  # as the proxy passed it on
    return Origin(address, scheme, host if host and _HOST.fullmatch(host) else None)


def _values(scope: Scope, name: bytes) -> list[str]:
    """All values of a list, on however many lines it stands."""
    lines = [str(value, "latin-1") for key, value in scope["headers"] if key == name]
    return [value.strip() for value in ",".join(lines).split(",")] if lines else []


def _nth_last(values: list[str], number: int) -> str | None:
    """What the proxy wrote that spoke to the client: each appends, or replaces all with what it knows."""
    return values[-min(max(number, 1), len(values))] if values else None


def _elements(scope: Scope) -> list[Mapping[str, str]]:
    """The hops of `Forwarded` (RFC 7239), the client's first."""
    lines = [str(value, "latin-1") for key, value in scope["headers"] if key == b"forwarded"]
    return [dict(map(_pair, _split(element, ";"))) for element in _split(",".join(lines), ",")] if lines else []


def _pair(text: str) -> tuple[str, str]:
    name, _, value = (part.strip() for part in text.partition("="))
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return name.lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if quoted else value


def _split(text: str, separator: str) -> list[str]:
    """Where it stands outside of quotes. One look at each character, for clients wrote them."""
    parts, start, quoted, escaped = [], 0, False, False
    for position, each in enumerate(text):
        if escaped or (quoted and each == "\\"):
            escaped = not escaped
        elif each == '"':
            quoted = not quoted
        elif each == separator and not quoted:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]
