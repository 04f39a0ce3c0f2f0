"""The authenticator of the admin API: who calls, from where, and may they? Used by every route through one guard."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
from litestar.connection import ASGIConnection, Request

from flagkeeper.http.access import ADMINISTRATOR
from flagkeeper.http.authentication import TokenView, authenticate
from flagkeeper.http.caller import Caller, Credential, Kind, unknown_project
from flagkeeper.http.proxies import Proxies
from flagkeeper.http.route import ANYBODY, PERMISSION, PUBLIC
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import NO_LOGIN_USER_ID, Actor, ActorKind
from flagkeeper.kernel.errors import Forbidden, LoginRequired, NotFound

SESSION_COOKIE = "unleash-session"
"""The name that the ecosystem's tools look for."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Connection = ASGIConnection[Any, Any, Any, Any]


class Sessions(Protocol):
    """Knows who is logged in."""

    async def find(self, cookie: str) -> Credential | None: ...

    async def find_all(self, cookies: Iterable[str]) -> dict[str, Credential]:
        """Those that are still open, looked up at once."""
        ...


class Authenticator(msgspec.Struct):
    """Lets callers in. `no_login` is `AUTH_TYPE=none`: everybody is an administrator called `unknown`."""

    tokens: TokenView
    sessions: Sessions
    proxies: Proxies = Proxies()
    public_url: str = ""
    """Where people reach the server, if the settings say so."""
    no_login: bool = False

    def address(self, scope: Mapping[str, Any]) -> str:
        """Where a request comes from; empty when that is not known."""
        return self.proxies.ip(scope)

    async def caller(self, connection: Connection) -> Caller:
        """Who calls the admin API.

        Raises:
            LoginRequired, BadCredentials: nobody we know.
            Forbidden: a token of an SDK, or a request that another site made with somebody's session.
        """
        headers = connection.headers
        address = self.address(connection.scope)
        if self.no_login:
            nobody = Credential(kind=Kind.ADMIN, name="unknown", user_id=NO_LOGIN_USER_ID, access=ADMINISTRATOR)
            return Caller(nobody, Actor(nobody.name, nobody.user_id, address, ActorKind.NONE))
        authorization = headers.get("authorization")
        cookie = connection.cookies.get(SESSION_COOKIE)
        credential = None
        if cookie and not authorization:
            credential = await self.sessions.find(cookie)
            if credential is None:
                raise LoginRequired("Your session has ended. Log in again.")
            self._demand_same_site(connection)
        if credential is None:
            credential = authenticate(authorization, self.tokens, clock.now())
        if credential.kind in (Kind.BACKEND, Kind.FRONTEND):
            raise Forbidden(
                "This is a token for SDKs. The admin API needs a session, an admin token or a personal access token."
            )
        return Caller(credential, Actor(credential.name, credential.user_id, address, _kind(credential), credential.id))

    def _demand_same_site(self, connection: Connection) -> None:
        """Browsers say which site a request comes from: another one may not use a session to change anything."""
        if connection.scope.get("method") in _SAFE:
            return
        site = connection.headers.get("sec-fetch-site")
        origin = connection.headers.get("origin")
        hosts = {connection.headers.get("host"), self.proxies.origin(connection.scope).host}
        own = {f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts if host}
        public = urlsplit(self.public_url)
        own.add(f"{public.scheme}://{public.netloc}")
        if site not in (None, "same-origin", "none") or (site is None and origin is not None and origin not in own):
            raise Forbidden("This request was made by another site. Use Flagkeeper's own pages, or a token.")


def _kind(credential: Credential) -> ActorKind:
    """What kind of actor somebody is on the admin API."""
    if credential.kind is Kind.ADMIN:
        return ActorKind.TOKEN
    return ActorKind.USER if credential.id is None else ActorKind.PAT


async def demand_permission(request: Request[Any, Any, Any]) -> None:
    """Finds the caller and demands the permission of the route that is asked for.

    Raises:
        LoginRequired, BadCredentials, Forbidden, PermissionDenied: they may not.
        NotFound: the path names a project of which they may not know.
    """
    needed = request.route_handler.opt.get(PERMISSION, PUBLIC)  # what the framework adds, OPTIONS, is open to all
    if needed == PUBLIC:
        return
    authenticator: Authenticator = request.app.state.services.authenticator
    caller = await authenticator.caller(request)
    request.state.caller = caller
    path = request.path_params
    project = path.get("project")
    if needed != ANYBODY:
        permissions = needed if isinstance(needed, tuple) else (needed,)
        caller.demand(*permissions, project=project, environment=path.get("environment"))
    elif project is not None:
        caller.demand_visible(project)


def like_hidden(request: Request[Any, Any, Any], error: NotFound) -> NotFound:
    """What is said where nothing was found because there is no such project: the same as of a hidden one, whatever was
    looked for in it."""
    caller: Caller | None = request.state.get("caller")
    project = request.path_params.get("project")
    if caller is None or project is None or caller.is_admin or project in caller.credential.access.projects.known:
        return error
    return unknown_project(project)
