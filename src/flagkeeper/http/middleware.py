"""What happens to every request, whoever answers it: an id for the log, a measurement, headers that keep browsers from
doing harm with the answer, and one that says which events it has recorded. HEAD is answered as GET, without a body."""

import time
from collections.abc import Awaitable, Callable

import structlog

from flagkeeper.http.change_headers import EVENTS, RECORDED, Recorded, shown_ranges
from flagkeeper.http.logging import REQUEST_ID, next_request_id
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.http.raw import Message, Receive, Scope, Send, Watch, header

HEAD = "head"
"""In a request's state: it is a HEAD, so that what a GET would cause is not caused."""
NO_ROUTE = "none"
"""The route of requests that none serves."""

_POLICY = b"content-security-policy"
"""The one of these headers that an answer may bring itself; it comes first."""
SAFE_HEADERS = (
    (
        _POLICY,
        b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

log = structlog.get_logger("flagkeeper.requests")


def _ignore(_scope: Scope, _route: str, _status: int) -> None:
    """Nobody wants to know."""


class Middleware:
    """Passes requests on to `serve`, which leaves the route's template in `scope["path_template"]`.

    Args:
        https_only: tell browsers to use nothing but HTTPS from now on.
        access_log: write a line for every request. It names the route and not the path, which may hold secrets.
        watch: is told of every answer.
    """

    def __init__(
        self,
        serve: Callable[[Scope, Receive, Send], Awaitable[None]],
        metrics: RequestMetrics,
        *,
        https_only: bool = False,
        access_log: bool = False,
        watch: Watch = _ignore,
    ) -> None:
        self._serve = serve
        self._watch = watch
        self._metrics = metrics
        self._headers = (*SAFE_HEADERS, HTTPS_ONLY) if https_only else SAFE_HEADERS
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id = next_request_id(header(scope, b"x-request-id"))
        REQUEST_ID.set(request_id)
        recorded: list[Recorded] = []
        scope.setdefault("state", {})[RECORDED] = recorded
        served = scope
        if scope["method"] == "HEAD":
            scope["state"][HEAD] = True
            served = {**scope, "method": "GET"}
        own = (*self._headers, (b"x-request-id", request_id.encode()))

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                safe = own[1:] if _POLICY in [name for name, _ in given] else own
                message["headers"] = [*given, *safe]
                if recorded:
                    message["headers"].append((EVENTS.lower().encode(), shown_ranges(recorded)))
                seconds = time.perf_counter() - started
                route = served.get("path_template") or NO_ROUTE
                self._metrics.observe(scope["method"], route, message["status"], seconds)
                self._watch(scope, route, message["status"])
                if self._access_log:
                    log.info(
                        "request",
                        method=scope["method"],
                        route=route,
                        status=message["status"],
                        milliseconds=round(seconds * 1000, 1),
                    )
            await send(message)

        await self._serve(served, receive, answer if served is scope else _without_body(answer))


def _without_body(send: Send) -> Send:
    """Ends the answer where its body would begin: a stream is told that nobody listens."""
    ended = False

    async def answer(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
        elif not ended:
            ended = True
            await send({"type": "http.response.body"})

    return answer
