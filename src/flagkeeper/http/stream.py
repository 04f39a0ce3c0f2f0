"""Answers of any length. One that is cut off is never taken for a whole one: it says why in its last line, and has no
end that HTTP would accept as one. What fails before anything was sent is an ordinary error."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import cast

import structlog
from litestar.types import ASGIApp

from flagkeeper.http.raw import JSON, Receive, Scope, Send, respond
from flagkeeper.kernel.errors import FlagkeeperError

log = structlog.get_logger("flagkeeper.http")


class Streamed:
    """An ASGI application. Make it with `begun`."""

    def __init__(
        self, first: bytes, rest: AsyncGenerator[bytes, None], headers: dict[str, str], cut_off: Callable[[str], bytes]
    ) -> None:
        self._first = first
        self._rest = rest
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._cut_off = cut_off

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.create_task(self._write(scope, send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            writing.cancel()
            leaving.cancel()
            failed, _ = await asyncio.gather(writing, leaving, return_exceptions=True)
        if isinstance(failed, Exception):
            raise failed

    async def _write(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        try:
            async with aclosing(self._rest) as rest:
                await send({"type": "http.response.body", "body": self._first, "more_body": True})
                async for piece in rest:
                    if piece:
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
        except FlagkeeperError as error:
            log.error("answer_cut_off", path=scope["path"], error=error.message)
            await send({"type": "http.response.body", "body": self._cut_off(error.message), "more_body": True})
            return
        await send({"type": "http.response.body"})


async def begun(
    pieces: AsyncGenerator[bytes, None], headers: dict[str, str], cut_off: Callable[[str], bytes]
) -> ASGIApp:
    """The answer that consists of `pieces`. The first one is made now, and raises what it raises. `cut_off` makes the
    last bytes of an answer that cannot go on, of the reason."""
    first = await anext(pieces, b"")
    return cast(ASGIApp, Streamed(first, pieces, headers, cut_off))


def at_once(body: bytes) -> ASGIApp:
    """JSON in one piece, for a handler that may also stream."""

    async def call(_scope: Scope, _receive: Receive, send: Send) -> None:
        await respond(send, 200, body, (JSON,))

    return cast(ASGIApp, call)


async def _gone(receive: Receive) -> None:
    """Returns when the client has."""
    while (await receive())["type"] != "http.disconnect":
        pass
