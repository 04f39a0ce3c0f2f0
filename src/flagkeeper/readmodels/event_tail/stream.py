"""One listener: where it is in the log, what it may see, and the connection on which it gets that."""

import asyncio
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from litestar import Request

from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.read import View, log_position
from flagkeeper.http.errors import answer
from flagkeeper.http.event_stream import Ending, EventStream
from flagkeeper.http.raw import JSON, Receive, Scope, Send, respond
from flagkeeper.kernel.errors import FlagkeeperError, RateLimited, Unavailable
from flagkeeper.readmodels.event_tail import wire
from flagkeeper.readmodels.event_tail.backlog import Stretch, read_on
from flagkeeper.readmodels.event_tail.feed import Channel, Piece, Recent
from flagkeeper.readmodels.event_tail.shares import FULL
from flagkeeper.readmodels.event_tail.wire import Mark
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

PATIENCE = 1.0
"""Seconds until the next attempt to read when the database did not answer."""

P = ParamSpec("P")
R = TypeVar("R")


class Start(Mark, frozen=True):
    """Where a stream begins. `reset`: not where the client wanted to go on, for that log is gone."""

    reset: bool = False


class Station(Protocol):
    """What a stream needs of the server that it belongs to."""

    @property
    def recent(self) -> Recent: ...

    reader: Reader

    def enter(self, stream: "Stream") -> None:
        """Raises `RateLimited` or `Unavailable` when there are too many."""
        ...

    def leave(self, stream: "Stream", reason: str) -> None: ...
    def channel(self, query: EventQuery, log: Log) -> Channel: ...
    def sent(self, events: int) -> None: ...


class Stream(EventStream):
    """An ASGI application that answers one request.

    It keeps nothing but its position. What is new it takes from the feed; as soon as it is too far behind for that
    (it came back, or its client reads slowly) it reads from the log instead, so that nothing is lost or repeated.
    """

    def __init__(self, station: Station, request: Request[Any, Any, Any], log: Log, query: EventQuery, start: Start):
        super().__init__(request.client)
        self.request = request
        """Asked again and again who this is."""
        self.log = log
        self.events = 0
        self._station = station
        self._query = query
        self._epoch, self._position = start.epoch, start.position
        self._reset = start.reset
        self._channel = station.channel(query, log)

    @property
    def mark(self) -> Mark:
        return Mark(self._epoch, self._position)

    def see(self, log: Log) -> None:
        """From here on it shows what its caller may see now."""
        self.log = log
        self._channel = self._station.channel(self._query, log)
        self.wake()

    def refuse(self, error: FlagkeeperError) -> None:
        """Ends it because its caller may not read on."""
        self.end(Ending(error.name, wire.end(error.name, error.message)))

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._station.enter(self)
        except (RateLimited, Unavailable) as error:
            refusal = answer(error)
            await respond(send, refusal.status, refusal.encode(), (JSON, (b"retry-after", str(FULL).encode())))
            return
        ending = Ending("cut")
        try:
            ending = await self.run(receive, send)
        finally:
            self.ended.set()
            self._station.leave(self, ending.reason)

    async def write(self, send: Send) -> None:
        beginning = wire.beginning(self.mark) + (wire.reset(self.mark) if self._reset else b"")
        await self.send_on(send, beginning)
        while True:
            self.woken.clear()
            before = self.mark
            content = await self._next()
            if content:
                await self.send_on(send, content)
            elif self.is_silent:
                await self.send_on(send, wire.here(self.mark))
            elif self.mark == before:
                await self.woken.wait()

    async def _next(self) -> bytes:
        """What is to be sent next; nothing when there is nothing now."""
        recent = self._station.recent
        if recent.epoch != self._epoch:
            return await self._look_for_another_log() if recent.epoch else b""
        if self._position >= recent.last:
            return b""
        if self._position >= recent.first - 1:
            return self._take(self._channel.after(recent, self._position))
        seen = self.log
        stretch = await self._read(read_on, seen, self._query, self._position)
        if stretch is None or stretch.epoch != self._epoch or seen is not self.log:
            return b""
        return self._take(_piece(stretch, seen.view))

    async def _read(
        self, read: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R | None:
        """None: the database does not answer now; then it is time to look again."""
        try:
            return await self._station.reader.run(read, *args, **kwargs)
        except Unavailable:
            await asyncio.sleep(PATIENCE)
            self.wake()
            return None

    def _take(self, piece: Piece) -> bytes:
        self._position = piece.position
        self.events += piece.events
        self._station.sent(piece.events)
        return piece.content

    async def _look_for_another_log(self) -> bytes:
        """A backup was put in the log's place, or the feed is still about the one before."""
        now = await self._read(log_position)
        if now is None or now.epoch == self._epoch:
            return b""
        self._epoch, self._position = now.epoch, now.last_id
        return wire.reset(self.mark)


def _piece(stretch: Stretch, view: View) -> Piece:
    lines = [wire.message(Mark(stretch.epoch, row.id), row, view) for row in stretch.rows]
    return Piece(b"".join(lines), len(lines), stretch.position)
