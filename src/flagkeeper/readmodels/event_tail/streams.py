"""All listeners of one process, and what they share: the feed, and somebody who asks again what they may see."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakValueDictionary

import msgspec
import structlog
from litestar import Request

from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.query import EventQuery
from flagkeeper.http.authenticator import SESSION_COOKIE, Authenticator
from flagkeeper.http.caller import Caller, Credential, Holder
from flagkeeper.http.event_stream import Address, stop_all
from flagkeeper.kernel.errors import FlagkeeperError, Unavailable
from flagkeeper.readmodels.event_tail.feed import Channel, Feed, Recent
from flagkeeper.readmodels.event_tail.metrics import TailMetrics
from flagkeeper.readmodels.event_tail.shares import demand_place
from flagkeeper.readmodels.event_tail.stream import Start, Stream
from flagkeeper.readmodels.views.log import Log, seen_by
from flagkeeper.storage.reader import Reader
from flagkeeper.supervisor import SupervisedTask

CHECK = 0.5
"""Seconds between two looks at who may still listen."""

log = structlog.get_logger("flagkeeper.tail")


class LiveTails:
    """Opens, feeds and ends the streams of one server.

    Args:
        most: streams that may be open at a time.
    """

    def __init__(self, *, reader: Reader, log_reader: LogReader, authenticator: Authenticator, most: int) -> None:
        self.reader = reader
        self.metrics = TailMetrics()
        self._authenticator = authenticator
        self._most = most
        self._streams: dict[Stream, Holder] = {}
        self._channels: WeakValueDictionary[tuple[Any, ...], Channel] = WeakValueDictionary()
        self._feed = Feed(self._news)
        self._supervisor = log_reader.supervisor
        self._runner = MemoryRunner(self._feed, log_reader)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watching: SupervisedTask | None = None
        self._stopped = False

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._runner.start(wait=False)
        self._watching = self._supervisor.start("live-tails", self._watch)

    async def stop(self) -> set[Address]:
        """Ends every stream now. Returns the addresses of clients that have not taken the end."""
        self._stopped = True
        deaf = await stop_all(list(self._streams))
        if self._watching is not None:
            await self._watching.stop()
        await self._runner.stop()
        return deaf

    def open(self, request: Request[Any, Any, Any], log: Log, query: EventQuery, start: Start) -> Stream:
        return Stream(self, request, log, query, start)

    @property
    def recent(self) -> Recent:
        return self._feed.recent

    def enter(self, stream: Stream) -> None:
        caller: Caller = stream.request.state.caller
        try:
            if self._stopped:
                raise Unavailable("This server is being stopped. Try again in a moment.")
            demand_place(self._streams.values(), caller, self._most)
        except FlagkeeperError as refused:
            self.metrics.refused.inc()
            log.warning("live_tail_refused", why=refused.name, open=len(self._streams), by=_name(stream))
            raise
        self._streams[stream] = caller.holder
        self._feed.listened = True
        self.metrics.open.set(len(self._streams))

    def leave(self, stream: Stream, reason: str) -> None:
        self._streams.pop(stream, None)
        self._feed.listened = bool(self._streams)
        self.metrics.open.set(len(self._streams))
        seconds = round(asyncio.get_running_loop().time() - stream.started, 1)
        log.info("live_tail_ended", reason=reason, by=_name(stream), events=stream.events, seconds=seconds)

    def channel(self, query: EventQuery, log: Log) -> Channel:
        key = (query, log.visibility, log.view)
        found = self._channels.get(key)
        if found is None:
            found = self._channels[key] = Channel(query, log.visibility, log.view)
        return found

    def sent(self, events: int) -> None:
        if events:
            self.metrics.events.inc(events)

    def _news(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for stream in self._streams:
            stream.wake()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK)
            now = asyncio.get_running_loop().time()
            for stream in self._streams:
                stream.look_after(now)
            await self._check(list(self._streams))

    async def _check(self, streams: Iterable[Stream]) -> None:
        """Asks the authenticator who they all are now, as it was asked when they came; each credential once."""
        callers: dict[tuple[str | None, str | None], Caller | FlagkeeperError] = {}
        by_credential = {stream: _credential(stream) for stream in streams}
        cookies = {cookie for authorization, cookie in by_credential.values() if cookie and not authorization}
        sessions = _Found(await self._authenticator.sessions.find_all(cookies) if cookies else {})
        authenticator = msgspec.structs.replace(self._authenticator, sessions=sessions)
        for stream, credential in by_credential.items():
            if credential not in callers:
                try:
                    callers[credential] = await authenticator.caller(stream.request)
                except FlagkeeperError as refused:
                    callers[credential] = refused
            match callers[credential]:
                case Caller() as caller:
                    now = seen_by(stream.log, caller)
                    if now != stream.log:
                        stream.see(now)
                case FlagkeeperError() as error:
                    stream.refuse(error)


class _Found:
    """Sessions that were looked up already (`http.authenticator.Sessions`)."""

    def __init__(self, found: Mapping[str, Credential]) -> None:
        self._found = found

    async def find(self, cookie: str) -> Credential | None:
        return self._found.get(cookie)

    async def find_all(self, cookies: Iterable[str]) -> dict[str, Credential]:
        return {cookie: self._found[cookie] for cookie in cookies if cookie in self._found}


def _credential(stream: Stream) -> tuple[str | None, str | None]:
    request = stream.request
    return request.headers.get("authorization"), request.cookies.get(SESSION_COOKIE)


def _name(stream: Stream) -> str:
    caller: Caller = stream.request.state.caller
    return caller.actor.name
