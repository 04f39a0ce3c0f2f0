"""Plain ASGI, for the endpoints that SDKs call: bytes in, bytes out, 2 to 4 times less work than through a
framework (measured)."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from flagkeeper.http.errors import answer, internal_error
from flagkeeper.kernel.errors import FlagkeeperError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]
Watch = Callable[[Scope, str, int], None]
"""Is told of an answer when it begins: the request, the route's template, and the status."""

JSON = (b"content-type", b"application/json; charset=utf-8")

log = structlog.get_logger("flagkeeper.http")


def header(scope: Scope, name: bytes) -> str | None:
    """A header's value; `name` in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


async def respond(send: Send, status: int, body: bytes = b"", headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def respond_error(send: Send, error: FlagkeeperError) -> None:
    failed = answer(error)
    extra = tuple((name.lower().encode(), value.encode()) for name, value in failed.headers.items())
    await respond(send, failed.status, failed.encode(), (JSON, *extra))


def guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with every error answered as all errors are."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await endpoint(scope, receive, send)
        except FlagkeeperError as error:
            await respond_error(send, error)
        except Exception as error:
            failed = internal_error()
            log.error("request_failed", error_id=failed.body.id, path=scope["path"], exc_info=error)
            await respond(send, failed.status, failed.encode(), (JSON,))

    return call
