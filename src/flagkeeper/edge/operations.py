"""What is asked of the node itself: is it well, what does it measure, and which tokens does it know?"""

import asyncio
from collections.abc import Callable
from typing import Annotated

import msgspec

from flagkeeper.edge.health import EdgeHealth, for_strangers
from flagkeeper.edge.instance import EDGE, Behind
from flagkeeper.edge.tokens import BATCH, Tokens
from flagkeeper.features.tokens.schemas import EdgeTokensBody, shown_valid
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.body import decode, read_body
from flagkeeper.http.caller import Kind
from flagkeeper.http.metrics import CONTENT_TYPE, RequestMetrics
from flagkeeper.http.raw import JSON, Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.kernel.errors import BadData, MethodNotAllowed

LARGEST_BODY = 100_000
BACKSTAGE = "/internal-backstage"


class NodeBehind(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is read of what another edge says of itself; all of it is handed on."""

    identifier: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    app_name: Annotated[str, msgspec.Meta(max_length=255)]


class OwnEndpoints:
    """The endpoints of the node itself."""

    def __init__(
        self,
        who: Authenticator,
        tokens: Tokens,
        metrics: RequestMetrics,
        behind: Behind,
        health: Callable[[], EdgeHealth],
    ) -> None:
        self._who = who
        self._tokens = tokens
        self._metrics = metrics
        self._behind = behind
        self._health = health

    def of_edges(self) -> dict[str, Endpoint]:
        """For nodes behind this one, which have a token."""
        return {EDGE: self.take_edge}

    def by_path(self) -> dict[str, Endpoint]:
        """The endpoints that need no token."""
        return {
            "/health": self.health,
            f"{BACKSTAGE}/health": self.health,
            "/ready": self.ready,
            f"{BACKSTAGE}/ready": self.ready,
            f"{BACKSTAGE}/prometheus": self.prometheus,
            f"{BACKSTAGE}/metrics": self.prometheus,
            "/edge/validate": self.validate,
        }

    async def health(self, scope: Scope, _receive: Receive, send: Send) -> None:
        _demand(scope, "GET")
        await respond(send, 200, b'{"health":"GOOD"}', (JSON,))

    async def ready(self, scope: Scope, _receive: Receive, send: Send) -> None:
        _demand(scope, "GET")
        found = self._health()
        if not scope["path"].startswith(BACKSTAGE):
            found = for_strangers(found)
        status, more = (200, ()) if found.health == "GOOD" else (503, ((b"retry-after", b"1"),))
        await respond(send, status, msgspec.json.encode(found), (JSON, (b"cache-control", b"no-store"), *more))

    async def prometheus(self, scope: Scope, _receive: Receive, send: Send) -> None:
        _demand(scope, "GET")
        await respond(send, 200, await self._metrics.text(), ((b"content-type", CONTENT_TYPE.encode()),))

    async def validate(self, scope: Scope, receive: Receive, send: Send) -> None:
        """For nodes behind this one."""
        _demand(scope, "POST")
        body = decode(await read_body(scope, receive, LARGEST_BODY), EdgeTokensBody)
        if len(body.tokens) > BATCH:
            raise BadData(f"Ask about {BATCH} tokens at a time, not about {len(body.tokens)}.")
        address = self._who.address(scope)
        await asyncio.gather(*(self._tokens.look_up(each, address) for each in body.tokens))
        await respond(send, 200, msgspec.json.encode(shown_valid(body.tokens, self._tokens)), (JSON,))

    async def take_edge(self, scope: Scope, receive: Receive, send: Send) -> None:
        sdk_credential(self._who, header(scope, b"authorization"), Kind.BACKEND)
        _demand(scope, "POST")
        body = await read_body(scope, receive, LARGEST_BODY)
        self._behind.take(decode(body, NodeBehind).identifier, body)
        await respond(send, 202)


def _demand(scope: Scope, method: str) -> None:
    if scope["method"] != method:
        raise MethodNotAllowed(f"Use {method} here.", (method,))
