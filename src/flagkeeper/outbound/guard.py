"""Looks names up, once for each connection, and lets only checked addresses through: what is connected to afterwards is
the very address that was checked, whatever the name may lead to by then."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from flagkeeper.outbound.address import Address, Policy
from flagkeeper.outbound.errors import Refused, Unreachable
from flagkeeper.outbound.target import Target

Lookup = Callable[[str], Awaitable[list[Address]]]
"""All addresses of a name. Raises `OSError` when there are none."""

_threads = ThreadPoolExecutor(8, thread_name_prefix="flagkeeper-names")
"""Looking a name up may hang for long: it must not take the threads of others."""


async def system_lookup(host: str) -> list[Address]:
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_threads, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


class Guard:
    """Says which addresses may be connected to."""

    def __init__(self, policy: Policy, lookup: Lookup = system_lookup) -> None:
        self._policy = policy
        self._lookup = lookup

    async def addresses(self, target: Target) -> list[Address]:
        """Where to connect to; never empty. All that a name leads to must be allowed: one who mixes public and private
        addresses wants the private ones.

        Raises:
            Refused: this server does not speak to one of them.
            Unreachable: the name leads nowhere.
        """
        found = [target.address] if target.address else await self._resolve(target.host)
        if not self._policy.allows_host(target.host):
            for address in found:
                self._check(target, address)
        return found

    def check_literal(self, target: Target) -> None:
        """Raises `Refused`. Names pass: they are checked when they are looked up."""
        if target.address and not self._policy.allows_host(target.host):
            self._check(target, target.address)

    def _check(self, target: Target, address: Address) -> None:
        try:
            self._policy.check(address)
        except Refused as error:
            raise Refused(f"{target.host}: {error.message}") from error

    async def _resolve(self, host: str) -> list[Address]:
        try:
            found = await self._lookup(host)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"the name {host} cannot be found") from error
        if not found:
            raise Unreachable(f"the name {host} cannot be found")
        return found


async def connect(guard: Guard, target: Target) -> socket.socket:
    """A connection to the first address that accepts one.

    Raises:
        Refused, Unreachable: as they say.
    """
    failure: OSError | None = None
    for address in await guard.addresses(target):
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, (str(address), target.port))
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise Unreachable(no_connection(target.host, failure)) from failure


def no_connection(host: str, error: OSError | None) -> str:
    """The system's words for it, without the address that others put into them."""
    reason = os.strerror(error.errno) if error and error.errno else "it was not accepted"
    return f"no connection to {host}: {reason}"
