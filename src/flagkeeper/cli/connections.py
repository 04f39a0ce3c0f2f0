"""All connections of one process: how many there may be, in all and from one address, and who gives way to whom."""

import resource
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

import msgspec

from flagkeeper.http.address import read_address
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, respond_error
from flagkeeper.kernel.errors import Unavailable

MOST_DESCRIPTORS = 65_536
"""The process asks for so many, if it may."""
SPARE = 32
"""Connections beyond the bound that are accepted all the same, for what watches the server."""
WATCHED = frozenset({"/health", "/ready"})
"""What these may ask for."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What clients may do. Times are in seconds, sizes in bytes."""

    in_all: int = 1_024
    per_address: int = 512
    """From one IPv4 address or /64 network of IPv6. Trusted proxies speak for many and have no such bound."""
    header_time: float = 10
    """For the request line and the header, from the connection's begin or their first byte."""
    body_time: float = 30
    """For the whole body."""
    body_check: float = 10
    """How often its pace is looked at."""
    rate: float = 500
    """Bytes a second at least that a client sends of a body, and takes of an answer."""
    idle_time: int = 75
    """Between two requests: longer than the usual load balancer (60) keeps a connection."""
    stalled_time: float = 120
    """For a client to go on taking what it asked for."""
    linger: float = 1
    """For a client that is refused to read why, while the rest of what it sends is left unread."""
    header_size: int = 32_768
    """Of request line and header together. What frames a body (chunk lines, trailers) may have as much."""
    target_size: int = 16_384
    headers: int = 100
    """Their number."""
    pipelined: int = 32
    """Requests of one connection that wait for an answer."""


def bounds_of_process() -> Bounds:
    """Raises the process's number of descriptors as far as it may, and leaves a quarter of them for files, databases
    and connections to others."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    in_all = max(most * 3 // 4 - SPARE, SPARE)
    return Bounds(in_all=in_all, per_address=min(in_all * 3 // 4, 1_024))


class Connection(Protocol):
    """What is counted here."""

    client: tuple[str, int] | None

    def give_way(self) -> None:
        """Closes it at once."""
        ...


class _Group(msgspec.Struct):
    """Connections that have one bound together."""

    most: int
    open: int = 0
    waiting: dict[Connection, None] = {}
    """Those that owe us a request, the longest wait first."""

    def has_room(self) -> bool:
        """Whether there is some, or could be."""
        return self.open < self.most or bool(self.waiting)


_Groups = tuple[_Group, _Group]
"""The usual ones, and the spare ones beside them."""


class Connections:
    """Admits connections. Where there is no room, the one that has owed its request for the longest gives way: those
    that are idle or send slowly, but none that is being answered."""

    def __init__(self, bounds: Bounds, trusted: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self.bounds = bounds
        self.closed = False
        """Whether nobody new is admitted: the server stops."""
        self._trusted = trusted
        self._all = _Group(bounds.in_all), _Group(SPARE)
        self._by_address: dict[str, _Groups] = {}
        self._open: dict[Connection, tuple[str, list[_Group]]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Connection) -> bool | None:
        """Whether there is room for it; False: among the spare ones only. None: not even there."""
        if self.closed:
            return None
        bounded = [self._all]
        if address := self._counted_address(connection):
            fresh = _Group(self.bounds.per_address), _Group(SPARE)
            bounded.append(self._by_address.get(address, fresh))
        usual, spare = ([groups[kind] for groups in bounded] for kind in (0, 1))
        for groups in (usual, spare):
            if all(group.has_room() for group in groups):
                self._make_room(groups)
                if address:
                    self._by_address[address] = bounded[-1]
                self._open[connection] = address, groups
                for group in groups:
                    group.open += 1
                self.wait(connection)
                return groups is usual
        return None

    def leave(self, connection: Connection) -> None:
        """It is closed, or will be at once."""
        self.serve(connection)
        address, groups = self._open.pop(connection, ("", []))
        for group in groups:
            group.open -= 1
        if address and not any(group.open for group in self._by_address[address]):
            del self._by_address[address]

    def wait(self, connection: Connection) -> None:
        """From now on it owes us a request."""
        for group in self._groups(connection):
            group.waiting[connection] = None

    def serve(self, connection: Connection) -> None:
        """Its request is there: it may stay until that is answered."""
        for group in self._groups(connection):
            group.waiting.pop(connection, None)

    def _groups(self, connection: Connection) -> list[_Group]:
        return self._open.get(connection, ("", []))[1]

    def _make_room(self, groups: list[_Group]) -> None:
        for group in groups:
            if group.open >= group.most:
                longest = next(iter(group.waiting))
                self.leave(longest)
                longest.give_way()

    def _counted_address(self, connection: Connection) -> str:
        """What its connections are counted by. Nothing: they are not, it is no address or that of a trusted proxy."""
        address = read_address(connection.client[0]) if connection.client else None
        if address is None or any(address in network for network in self._trusted):
            return ""
        return str(address) if address.version == 4 else str(IPv6Network((address, 64), strict=False))


def only_watched(application: Endpoint) -> Endpoint:
    """What a spare connection may ask for."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in WATCHED:
            await application(scope, receive, send)
        else:
            await respond_error(send, Unavailable("Too many connections are open. Try again later."))

    return call
