"""Where an address leads, read once and strictly. The parser is the one of the HTTP client, so that nothing can be one
host for the check and another for the connection."""

import re
from ipaddress import ip_address
from urllib.parse import quote

import msgspec
from yarl import URL

from flagkeeper.outbound.address import Address
from flagkeeper.outbound.errors import Refused

PORTS = {"http": 80, "https": 443, "smtp": 587, "smtps": 465, "nats": 4222, "tls": 4222}

LONGEST = 2048
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\u2028\u2029]")
_AUTHORITY_END = re.compile(r"[/?#]")
_NO_ASCII = re.compile(r"[^\x00-\x7f]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Target(msgspec.Struct, frozen=True):
    """One place that something may be sent to."""

    url: URL
    scheme: str
    host: str
    """A name in ASCII and lower case without a dot at its end, or an address without brackets."""
    port: int
    address: Address | None
    """The host, when it is an address."""


def read_target(text: str, schemes: tuple[str, ...] = ("http", "https")) -> Target:
    """The target of a URL.

    Raises:
        Refused: it is no URL, or one in a form that is not accepted; the message says which.
    """
    if len(text) > LONGEST or _FORBIDDEN.search(text):
        raise Refused(f"an address has at most {LONGEST} characters, and no spaces, backslashes or control characters")
    try:
        url = URL(text)
        host, port = (url.raw_host or "").lower(), url.explicit_port
    except ValueError as error:
        raise Refused("this is no address that can be used") from error
    if url.scheme not in schemes:
        raise Refused(f"an address begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if "@" in _AUTHORITY_END.split(text.partition("//")[2], maxsplit=1)[0]:
        raise Refused("an address may not hold a user name or password")
    if port == 0:
        raise Refused("there is no port 0")
    host = host.removesuffix(".")
    address = _address(host)
    if address is None and not _is_name(host):
        raise Refused("this is no host name")
    return Target(_as_written(url.with_host(host), text), url.scheme, host, port or PORTS[url.scheme], address)


def _as_written(url: URL, text: str) -> URL:
    """The address with path and query byte for byte as somebody wrote them: receivers sign and compare them. What is no
    ASCII, which HTTP cannot carry, is encoded."""
    start = _AUTHORITY_END.search(text, text.index("//") + 2)
    rest = "" if start is None else text[start.start() :].partition("#")[0]
    rest = _NO_ASCII.sub(lambda found: quote(found[0]), rest)
    return URL(f"{url.origin()}{rest if rest.startswith('/') else f'/{rest}'}", encoded=True)


def _address(host: str) -> Address | None:
    """The address that `host` is. None: it is a name.

    Raises:
        Refused: it is an address in a form that hides which one, or that means another on another machine.
    """
    if ":" in host:
        if "%" in host:
            raise Refused("an address may not name a network interface")
        try:
            return ip_address(host)
        except ValueError as error:
            raise Refused("this is no IPv6 address") from error
    if not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return None
    try:
        return ip_address(host)
    except ValueError as error:
        raise Refused("write an IPv4 address as four decimal numbers") from error


def _is_name(host: str) -> bool:
    return 0 < len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split("."))
