"""Before an endpoint looks at a request: its token is known or was asked about, and there are flags for it. The
endpoints themselves are those of the server, which wait for nothing."""

from collections.abc import Iterable

from flagkeeper.edge.source import EdgeFeatures
from flagkeeper.edge.tokens import Tokens
from flagkeeper.http.authentication import bare_token
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, header
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.readmodels.client_features.query import read_query


class Admission:
    """Wraps endpoints."""

    def __init__(self, authenticator: Authenticator, tokens: Tokens, features: EdgeFeatures) -> None:
        self._authenticator = authenticator
        self._tokens = tokens
        self._features = features

    def known(self, endpoints: dict[str, Endpoint]) -> dict[str, Endpoint]:
        """Endpoints that need to know whose a token is, and no flags."""
        return {path: self._known(endpoint) for path, endpoint in endpoints.items()}

    def served(self, endpoints: dict[str, Endpoint], *kinds: Kind) -> dict[str, Endpoint]:
        """Endpoints that need the flags of a token of one of these kinds."""
        return {path: self._served(endpoint, kinds) for path, endpoint in endpoints.items()}

    def _known(self, endpoint: Endpoint) -> Endpoint:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            await self._look_up(_shown(scope), scope)
            await endpoint(scope, receive, send)

        return call

    def _served(self, endpoint: Endpoint, kinds: tuple[Kind, ...]) -> Endpoint:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            shown = _shown(scope)
            await self._look_up(shown, scope)
            credential = sdk_credential(self._authenticator, shown, *kinds)
            filtered = b"tag=" in scope["query_string"] and kinds == (Kind.BACKEND,)
            tags = read_query(credential, scope["query_string"], None).tags if filtered else ()
            await self._features.ready(credential, tags)
            await endpoint(scope, receive, send)

        return call

    async def _look_up(self, shown: str | None, scope: Scope) -> None:
        if shown:
            await self._tokens.look_up(bare_token(shown), self._authenticator.address(scope))


def _shown(scope: Scope) -> str | None:
    """Where SDKs, and providers of OpenFeature, send their token."""
    return header(scope, b"authorization") or header(scope, b"x-api-key")


class NoSessions:
    """Nobody logs in here."""

    async def find(self, _cookie: str) -> Credential | None:
        return None

    async def find_all(self, _cookies: Iterable[str]) -> dict[str, Credential]:
        return {}
