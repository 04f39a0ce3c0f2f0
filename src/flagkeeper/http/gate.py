"""The gate of the admin API: who calls, from where, and may they? Used by every route through one guard."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol

import msgspec
from litestar.connection import ASGIConnection, Request

from flagkeeper.http.authentication import TokenView, authenticate
from flagkeeper.http.caller import Caller, Credential, Kind
from flagkeeper.http.route import ANYBODY, PERMISSION, PUBLIC
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import NO_LOGIN_USER_ID, Actor
from flagkeeper.kernel.errors import BadCredentials, Forbidden

SESSION_COOKIE = "unleash-session"
"""The name that the ecosystem's tools look for."""
UNKNOWN_ADDRESS = "unknown"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Connection = ASGIConnection[Any, Any, Any, Any]


class Sessions(Protocol):
    """Knows who is logged in."""

    async def find(self, cookie: str) -> Credential | None: ...

    async def find_all(self, cookies: Iterable[str]) -> dict[str, Credential]:
        """Those that are still open, looked up at once."""
        ...


class Gate(msgspec.Struct):
    """Lets callers in. `no_login` is `AUTH_TYPE=none`: everybody is an administrator called `unknown`."""

    tokens: TokenView
    sessions: Sessions
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    no_login: bool = False

    def address(self, peer: str | None, forwarded_for: str | None) -> str:
        """Where a request comes from. `X-Forwarded-For` counts only as far as trusted proxies wrote it: the address is
        the last one that no trusted proxy has."""
        address = peer or UNKNOWN_ADDRESS
        hops = [hop.strip() for hop in forwarded_for.split(",")] if forwarded_for else []
        while hops and self._trusted(address):
            address = hops.pop()
        return address

    def _trusted(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.trusted_proxies)

    async def caller(self, connection: Connection) -> Caller:
        """Who calls the admin API.

        Raises:
            LoginRequired, BadCredentials: nobody we know.
            Forbidden: a token of an SDK, or a request that another site made with somebody's session.
        """
        headers = connection.headers
        address = self.address(connection.client.host if connection.client else None, headers.get("x-forwarded-for"))
        if self.no_login:
            nobody = Credential(kind=Kind.ADMIN, name="unknown", user_id=NO_LOGIN_USER_ID)
            return Caller(nobody, Actor(nobody.name, nobody.user_id, address))
        authorization = headers.get("authorization")
        cookie = connection.cookies.get(SESSION_COOKIE)
        credential = None
        if cookie and not authorization:
            credential = await self.sessions.find(cookie)
            if credential is None:
                raise BadCredentials("Your session has ended. Log in again.")
            _demand_same_site(connection)
        if credential is None:
            credential = authenticate(authorization, self.tokens, clock.now())
        if credential.kind in (Kind.BACKEND, Kind.FRONTEND):
            raise Forbidden(
                "This is a token for SDKs. The admin API needs a session, an admin token or a personal access token."
            )
        return Caller(credential, Actor(credential.name, credential.user_id, address))


def _demand_same_site(connection: Connection) -> None:
    """Browsers say which site a request comes from: another one may not use a session to change anything."""
    if connection.scope.get("method") in _SAFE:
        return
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    own = {f"{scheme}://{connection.headers.get('host')}" for scheme in ("http", "https")}
    if site not in (None, "same-origin", "none") or (site is None and origin is not None and origin not in own):
        raise Forbidden("This request was made by another site. Use Flagkeeper's own pages, or a token.")


async def demand_permission(request: Request[Any, Any, Any]) -> None:
    """Finds the caller and demands the permission of the route that is asked for.

    Raises:
        LoginRequired, BadCredentials, Forbidden, PermissionDenied: they may not.
    """
    needed = request.route_handler.opt[PERMISSION]
    if needed == PUBLIC:
        return
    gate: Gate = request.app.state.services.gate
    caller = await gate.caller(request)
    request.state.caller = caller
    if needed != ANYBODY:
        path = request.path_params
        permissions = needed if isinstance(needed, tuple) else (needed,)
        caller.demand(*permissions, project=path.get("project"), environment=path.get("environment"))
