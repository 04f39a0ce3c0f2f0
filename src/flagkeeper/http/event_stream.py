"""Server-Sent Events to one client, for as long as both sides like: what every stream of this server has in common.

A stream keeps no queue. It knows where its client is, and makes what is new when the client has taken what came before:
one that reads slowly costs no memory, and gets more at once later.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import structlog

from flagkeeper.http.raw import Receive, Send
from flagkeeper.kernel.errors import Unavailable

HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events back until its buffer is full
)
HEARTBEAT = 15.0
"""Seconds of silence after which a sign of life is sent: Python's SDK gives up after 30."""
FAREWELL = 1.0
"""Seconds that a client gets to take the end of its stream."""
DEAF = 60.0
"""Seconds after which a client that takes nothing loses its place."""

Address = tuple[str, int]
"""A host and a port."""

log = structlog.get_logger("flagkeeper.streams")


class Ending(msgspec.Struct, frozen=True):
    """Why a stream ends, and what its client is told last."""

    reason: str
    farewell: bytes = b""


class EventStream:
    """One client. A subclass says in `write` what is sent, and waits for `woken` when there is nothing."""

    def __init__(self, client: Sequence[object] | None) -> None:
        self.address: Address | None = (str(client[0]), int(str(client[1]))) if client else None
        """Where the connection comes from."""
        self.started = self.sent_at = 0.0
        self.ended = asyncio.Event()
        self.woken = asyncio.Event()
        self.deaf = False
        """Whether the client does not take what is sent."""
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    async def write(self, send: Send) -> None:
        """Sends by `send_on` what there is, until it is cut off."""
        raise NotImplementedError

    def wake(self) -> None:
        """There may be something to send."""
        self.woken.set()

    def end(self, ending: Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)

    def look_after(self, now: float) -> None:
        """Ends it when its client is deaf, and wakes it when it has been silent for long."""
        if self.deaf and now - self.sent_at >= DEAF:
            self.end(Ending("deaf"))
        elif now - self.sent_at >= HEARTBEAT:
            self.wake()

    @property
    def is_silent(self) -> bool:
        """Whether a sign of life is due."""
        return asyncio.get_running_loop().time() - self.sent_at >= HEARTBEAT

    async def run(self, receive: Receive, send: Send, headers: Sequence[tuple[bytes, bytes]] = HEADERS) -> Ending:
        """Answers the request. Returns when the stream has ended, with the reason."""
        self.started = self.sent_at = asyncio.get_running_loop().time()
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        writing = asyncio.create_task(self.write(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((writing, leaving, self._ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            writing.cancel()
            leaving.cancel()
            (failed, _) = await asyncio.gather(writing, leaving, return_exceptions=True)
        ending = self._ending.result() if self._ending.done() else Ending("left")
        if isinstance(failed, Unavailable):
            ending = Ending("unavailable")
        elif isinstance(failed, Exception):
            log.error("stream_failed", exc_info=failed)
            ending = Ending("failed")
        self.deaf = True
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await send({"type": "http.response.body", "body": ending.farewell, "more_body": False})
                self.deaf = False
        return ending

    async def send_on(self, send: Send, content: bytes) -> None:
        self.deaf = True
        await send({"type": "http.response.body", "body": content, "more_body": True})
        self.deaf = False
        self.sent_at = asyncio.get_running_loop().time()


async def stop_all(streams: Sequence[EventStream]) -> set[Address]:
    """Ends them now. Returns the addresses of clients that have not taken the end."""
    for stream in streams:
        stream.end(Ending("stopped"))
    with suppress(TimeoutError):
        async with asyncio.timeout(2 * FAREWELL):
            await asyncio.gather(*(stream.ended.wait() for stream in streams))
    return {stream.address for stream in streams if stream.deaf and stream.address}


async def _gone(receive: Receive) -> None:
    """Returns when the client has."""
    while (await receive())["type"] != "http.disconnect":
        pass
