"""The frontend API of Unleash, also under the paths that its proxies had: flags evaluated for browsers and phones.

An answer costs one call for each flag that depends on the context, and no database.
"""

import asyncio
import gzip
import random

import mmh3

from flagkeeper.evaluation.context import Values
from flagkeeper.http import route
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.body import decode, read_body
from flagkeeper.http.caller import Kind
from flagkeeper.http.conditional import LARGE, SMALLEST, accepts_gzip, is_named
from flagkeeper.http.openapi import RawOperation, RawParameter
from flagkeeper.http.pace import Pace
from flagkeeper.http.raw import JSON, Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import FRONTEND_PATHS, sdk_credential
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import MethodNotAllowed, NotFound
from flagkeeper.readmodels.remote_evaluation import contexts
from flagkeeper.readmodels.remote_evaluation.schemas import Toggle, TogglesBody, TogglesOut
from flagkeeper.readmodels.remote_evaluation.sheet import Sheet
from flagkeeper.readmodels.remote_evaluation.views import View, Views

LARGEST_BODY = 100_000
"""Bytes of a context."""
LEVEL = 1
"""Of compression: answers are made for one reader, and used once."""

_REVALIDATE = (b"cache-control", b"no-cache")
_VARY = (b"vary", b"Accept-Encoding")
_ACCESS = "Needs a frontend token."
_METHODS = ("GET", "POST")
_CONTEXT = (
    RawParameter(name="userId", description="Who is asking."),
    RawParameter(name="sessionId", description="In place of a user; made up when it is missing."),
    RawParameter(name="appName", description="The application."),
    RawParameter(name="remoteAddress", description="The address of the connection when it is missing."),
    RawParameter(name="properties", description="`properties[x]` is the property x; so is any other parameter."),
    RawParameter(name="If-None-Match", where="header", description="The ETag of the answer that you have."),
)


def _operations(path: str, operation: str, summary: str, answer: type, *errors: int) -> list[RawOperation]:
    """GET with the context in the query, POST with the context in the body."""
    get = RawOperation(
        method="GET",
        path=path,
        operation=operation,
        tag="Frontend API",
        summary=summary,
        access=_ACCESS,
        scope=route.PROJECT,
        parameters=_CONTEXT,
        answer=answer,
        others={304: "Nothing has changed since."},
        errors=(400, 401, 403, 429, *errors),
    )
    post = RawOperation(
        method="POST",
        path=path,
        operation=f"{operation.replace('Features', 'ApiFeatures')}WithPost",
        tag="Frontend API",
        summary=f"{summary}; the context comes in the body",
        access=_ACCESS,
        scope=route.PROJECT,
        body=TogglesBody,
        answer=answer,
        errors=(400, 401, 403, 413, 415, 429, *errors),
    )
    return [get, post]


OPERATIONS = [
    each
    for base, name in zip(FRONTEND_PATHS, ("Frontend", "Proxy"), strict=True)
    for each in (
        *_operations(base, f"get{name}Features", "The flags that are on for somebody", TogglesOut),
        *_operations(f"{base}/all", f"getAll{name}Features", "All flags, those that are off among them", TogglesOut),
        *_operations(f"{base}/features/{{featureName}}", f"get{name}Feature", "One flag, on or off", Toggle, 404),
    )
]


class FrontendEndpoints:
    """Evaluates flags for whoever holds a frontend token."""

    def __init__(self, authenticator: Authenticator, views: Views, pace: Pace) -> None:
        self._authenticator = authenticator
        self._views = views
        self._pace = pace
        self._chance = random.Random()  # noqa: S311 - names sessions of one answer, guards nothing

    def by_path(self) -> dict[str, Endpoint]:
        return {
            path: endpoint
            for base in FRONTEND_PATHS
            for path, endpoint in ((base, self.on), (f"{base}/all", self.all), (f"{base}/features/", self.one))
        }

    async def on(self, scope: Scope, receive: Receive, send: Send) -> None:
        view, values = await self._asked(scope, receive)
        await self._answer(scope, view.toggles_on, values, send)

    async def all(self, scope: Scope, receive: Receive, send: Send) -> None:
        view, values = await self._asked(scope, receive)
        await self._answer(scope, view.toggles, values, send)

    async def one(self, scope: Scope, receive: Receive, send: Send) -> None:
        view, values = await self._asked(scope, receive)
        found = view.one(scope["path"].rpartition("/features/")[2], values)
        if found is None:
            raise NotFound("There is no such flag, or the token may not read it.")
        flag, outcome = found
        await respond(send, 200, flag.toggles[outcome][:-1], (JSON, _REVALIDATE))

    async def _asked(self, scope: Scope, receive: Receive) -> tuple[View, Values]:
        credential = sdk_credential(self._authenticator, header(scope, b"authorization"), Kind.FRONTEND)
        self._pace.demand(credential, clock.now())
        match scope["method"]:
            case "GET":
                given = contexts.from_query(scope["query_string"])
            case "POST":
                body = await read_body(scope, receive, LARGEST_BODY)
                given = contexts.from_body(decode(body, TogglesBody).context if body else {})
            case _:
                raise MethodNotAllowed("Flags are evaluated here: use GET or POST.", _METHODS)
        view = await self._views.of(credential)
        values = contexts.read(given, view.environment, self._authenticator.address(scope))
        return view, contexts.with_session(values, self._chance)

    async def _answer(self, scope: Scope, sheet: Sheet, values: Values, send: Send) -> None:
        body = b'{"toggles":[%b]}' % sheet.fill(values)
        etag = b'W/"%x-%b"' % (len(body), mmh3.mmh3_x64_128_digest(body).hex().encode())
        headers = [(b"etag", etag), _REVALIDATE, _VARY]
        held = encoding = None
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                held = value
            elif name == b"accept-encoding":
                encoding = value
        if held is not None and scope["method"] == "GET" and is_named(held, etag):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body"})
            return
        headers.append(JSON)
        if encoding is not None and len(body) >= SMALLEST and accepts_gzip(encoding):
            headers.append((b"content-encoding", b"gzip"))
            body = await _packed(body)
        await respond(send, 200, body, tuple(headers))


async def _packed(body: bytes) -> bytes:
    if len(body) < LARGE:
        return gzip.compress(body, LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, LEVEL, mtime=0)
