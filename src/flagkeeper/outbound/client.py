"""The outbound client: everything that leaves this server goes through here, and nothing goes where it may not."""

import asyncio
import ssl
from functools import cached_property

from flagkeeper.outbound.address import Policy
from flagkeeper.outbound.broker import publish
from flagkeeper.outbound.errors import OutboundError, TimedOut
from flagkeeper.outbound.guard import Guard, Lookup, system_lookup
from flagkeeper.outbound.http import Http
from flagkeeper.outbound.mail import send_mail
from flagkeeper.outbound.outgoing import Answer, BrokerMessage, HttpRequest, Mail, Outgoing
from flagkeeper.outbound.target import read_target

TIMEOUT = 10.0
"""Seconds for anything, from looking a name up to the end of the answer."""


class OutboundClient:
    """One for the whole process; everything is awaited on one event loop."""

    def __init__(self, policy: Policy, *, timeout: float = TIMEOUT, lookup: Lookup = system_lookup) -> None:
        self._guard = Guard(policy, lookup)
        self._timeout = timeout
        self._http = Http(self._guard, lambda: self._trust, timeout)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Reading all certificates takes some 30 ms, so they are read when they are first needed."""
        return ssl.create_default_context()

    async def close(self) -> None:
        await self._http.close()

    async def check(self, url: str, schemes: tuple[str, ...] = ("http", "https")) -> None:
        """Whether something could be sent there now.

        Raises:
            Refused: this server does not speak to that address, or it is none.
            Unreachable, TimedOut: the name leads nowhere.
        """
        target = read_target(url, schemes)
        try:
            async with asyncio.timeout(self._timeout):
                await self._guard.addresses(target)
        except TimeoutError as error:
            raise TimedOut(f"the name {target.host} was not found within {self._timeout:g} s") from error

    async def request(self, request: HttpRequest) -> Answer:
        """What was answered.

        Raises:
            OutboundError: nothing was.
        """
        return await self._http.exchange(request)

    async def send(self, outgoing: Outgoing) -> Answer:
        """What became of it, whatever that is. Tries once."""
        try:
            match outgoing:
                case HttpRequest():
                    return await self._http.exchange(outgoing)
                case Mail():
                    return await send_mail(self._guard, self._trust, outgoing, self._timeout)
                case BrokerMessage():
                    return await publish(self._guard, self._trust, outgoing, self._timeout)
        except OutboundError as error:
            return Answer(result=error.result, message=error.message)
