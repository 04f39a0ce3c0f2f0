"""What is asked of the node itself: is it well, what does it measure, and which tokens does it know?"""

import asyncio
from typing import Literal

import msgspec

from flagkeeper.edge.source import EdgeFeatures
from flagkeeper.edge.tokens import BATCH, Tokens
from flagkeeper.features.tokens.schemas import EdgeTokensBody, shown_valid
from flagkeeper.http.body import decode, read_body
from flagkeeper.http.metrics import CONTENT_TYPE, RequestMetrics
from flagkeeper.http.raw import JSON, Endpoint, Receive, Scope, Send, respond
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, MethodNotAllowed

LARGEST_BODY = 100_000
BACKSTAGE = "/internal-backstage"


_NOTHING_YET = "No flags have come yet, and none were kept on disk."
_NOBODY_VALID = "Upstream does not say of any token that it is valid."


class Upstream(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How things stand with one scope. Which projects it has is nobody's business who shows no token."""

    environment: str
    mode: str
    """`streaming`, `polling`, `waiting` (upstream is away) or `starting`."""
    revision: int | None
    """None: there are no flags yet."""
    stale_since: str | None = None
    """Since when nobody knows whether the flags are what upstream has."""


class EdgeHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`GET /ready`. With 503 it is `BAD`: there is nothing to serve."""

    health: Literal["GOOD", "BAD"]
    stale_since: str | None = None
    """The oldest of those below; not there when all flags are what upstream has."""
    reasons: list[str] = []
    notes: list[str] = []
    upstream: list[Upstream]


def health_of(features: EdgeFeatures, tokens: Tokens) -> EdgeHealth:
    """What is served goes on being served while upstream is away; that alone is no reason to send SDKs elsewhere."""
    found = []
    for each in features.followers():
        followed = each.followed
        since = followed.stale_since
        found.append(
            Upstream(
                environment=followed.scope.environment,
                mode=each.mode,
                revision=None if followed.now is None else followed.now.revision.id,
                stale_since=None if since is None or followed.now is None else clock.to_iso(since),
            )
        )
    serves = any(each.revision is not None for each in found)
    stale = [each.stale_since for each in found if each.stale_since is not None]
    return EdgeHealth(
        health="GOOD" if serves else "BAD",
        stale_since=min(stale, default=None),
        reasons=[] if serves else [_NOTHING_YET if found else _NOBODY_VALID],
        notes=["Upstream cannot be asked about tokens."] if tokens.trouble else [],
        upstream=sorted(found, key=lambda each: (each.environment, each.mode)),
    )


class OwnEndpoints:
    """The endpoints that need no token."""

    def __init__(self, features: EdgeFeatures, tokens: Tokens, metrics: RequestMetrics) -> None:
        self._features = features
        self._tokens = tokens
        self._metrics = metrics

    def by_path(self) -> dict[str, Endpoint]:
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
        found = health_of(self._features, self._tokens)
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
        await asyncio.gather(*map(self._tokens.look_up, body.tokens))
        await respond(send, 200, msgspec.json.encode(shown_valid(body.tokens, self._tokens)), (JSON,))


def _demand(scope: Scope, method: str) -> None:
    if scope["method"] != method:
        raise MethodNotAllowed(f"Use {method} here.", (method,))
