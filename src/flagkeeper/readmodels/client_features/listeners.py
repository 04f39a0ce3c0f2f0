"""Those who listen for changes of flags: how many may, when they are told, and for how long their tokens let them."""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from flagkeeper.eventlog.catalogue.own import FlagkeeperStreamsDisconnected
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.read import LogEvent
from flagkeeper.http.caller import Credential
from flagkeeper.http.event_stream import Address, Ending, EventStream, stop_all
from flagkeeper.http.raw import Receive, Scope, Send
from flagkeeper.readmodels.client_features.source import FeatureSource
from flagkeeper.supervisor import SupervisedTask, Supervisor

CHECK = 0.5
"""Seconds between two looks at which tokens are still valid."""
PACE = 100e-6
"""Seconds for each stream between two rounds of news: while changes come faster, a round takes several of them along.
Telling one client takes about half of that, so that as much is left for everything else that the server does."""
SHARE = 0.75
"""Of all places that one token may take: a whole fleet has the same token, and others must get in beside it."""
RETRY = b"retry: 2000\n\n"
"""Milliseconds after which a client whose connection broke should come back."""
KEEP_ALIVE = b": keep-alive\n\n"

KeyT = TypeVar("KeyT", bound=Hashable)

log = structlog.get_logger("flagkeeper.streams")


class FlagStream(EventStream):
    """One who listens. A subclass says in `news` what is new for them."""

    def __init__(self, scope: Scope, credential: Credential) -> None:
        super().__init__(scope.get("client"))
        self.credential = credential
        """Whose token it was when they came."""

    async def news(self) -> bytes:
        """What to tell since the last time; nothing when nothing is new."""
        raise NotImplementedError

    async def write(self, send: Send) -> None:
        await self.send_on(send, RETRY)
        while True:
            self.woken.clear()
            content = await self.news()
            if content:
                await self.send_on(send, content)
            elif self.is_silent:
                await self.send_on(send, KEEP_ALIVE)
            else:
                await self.woken.wait()


class Listeners(Generic[KeyT]):
    """All of a kind who listen to one process, by what names their tokens. A subclass says in `who_is` whose that is.

    Args:
        kind: what metrics call them: `flagkeeper_<kind>_streams`.
        features: whose changes they are told of.
        most: how many may listen.
        log_reader: brings the word of an administrator that all have to come back.
    """

    def __init__(
        self,
        kind: str,
        features: FeatureSource,
        supervisor: Supervisor,
        most: int,
        log_reader: LogReader | None = None,
    ) -> None:
        self._kind = kind
        self._features = features
        self._supervisor = supervisor
        self._log_reader = log_reader
        self._most = most
        self._streams: dict[KeyT, dict[FlagStream, None]] = {}
        self._number = 0
        """Of all these streams."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watching: SupervisedTask | None = None
        self._stopped = False
        self._told_at = 0.0
        self._telling: asyncio.TimerHandle | None = None
        """The next round of news, while there is one to come."""
        self.registry = CollectorRegistry()
        name = f"flagkeeper_{kind}_streams"
        self._open = Gauge(name, "Clients that listen to this process.", registry=self.registry)
        self._refused = Counter(
            f"{name}_refused",
            "Clients that found no place, because too many listen, in all or with one token.",
            registry=self.registry,
        )

    def who_is(self, key: KeyT) -> Credential | None:
        """Whose token that is now. None: it is valid no more."""
        raise NotImplementedError

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        told_before = self._features.tell

        def tell() -> None:
            told_before()
            self._news()

        self._features.tell = tell
        if self._log_reader is not None:
            self._log_reader.listen(self.hear)
        self._watching = self._supervisor.start(f"{self._kind}-streams", self._watch)

    async def stop(self) -> set[Address]:
        """Ends every stream now. Returns the addresses of clients that have not taken the end."""
        self._stopped = True
        if self._log_reader is not None:
            self._log_reader.unlisten(self.hear)
        if self._telling is not None:
            self._telling.cancel()
        deaf = await stop_all(self._all())
        if self._watching is not None:
            await self._watching.stop()
        return deaf

    def hear(self, news: Sequence[LogEvent]) -> None:
        """An administrator, on any server, wants whoever listens to come back (`eventlog.log_reader.Listener`)."""
        if not any(event.type == FlagkeeperStreamsDisconnected.about.type for event in news):
            return
        for stream in self._all():
            stream.end(Ending("disconnected"))

    def has_room(self, key: KeyT) -> bool:
        """Whether one more may listen, with this token."""
        own = len(self._streams.get(key, ()))
        return not self._stopped and own < SHARE * self._most and self._number < self._most

    def refuse(self) -> None:
        """Counts one who found no place."""
        self._refused.inc()

    async def serve(self, key: KeyT, stream: FlagStream, receive: Receive, send: Send) -> None:
        """Answers the request until the stream ends."""
        self._streams.setdefault(key, {})[stream] = None
        self._number += 1
        self._open.inc()
        try:
            ending = await stream.run(receive, send)
            log.debug("stream_ended", kind=self._kind, reason=ending.reason, token=stream.credential.name)
        finally:
            stream.ended.set()
            self._open.dec()
            self._number -= 1
            self._streams[key].pop(stream)
            if not self._streams[key]:
                del self._streams[key]

    def _all(self) -> list[FlagStream]:
        return [stream for streams in self._streams.values() for stream in streams]

    def _news(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        """Tells all: at once after a silence, else when the round before is done with."""
        if self._loop is None or self._telling is not None:
            return
        self._telling = self._loop.call_at(self._told_at + PACE * self._number, self._tell)

    def _tell(self) -> None:
        self._told_at, self._telling = asyncio.get_running_loop().time(), None
        for streams in self._streams.values():
            for stream in streams:
                stream.wake()

    async def _watch(self) -> None:
        """Looks after all streams, and ends those whose tokens no longer open what they opened."""
        while True:
            await asyncio.sleep(CHECK)
            now = asyncio.get_running_loop().time()
            for key, streams in list(self._streams.items()):
                credential = self.who_is(key)
                for stream in streams:
                    if credential != stream.credential:
                        stream.end(Ending("revoked"))
                    else:
                        stream.look_after(now)
